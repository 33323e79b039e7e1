/*
 * GetIpErrorString: an IP_STATUS in words, which are ours. The only exported function that returns its error, and that
 * counts in characters (behaviour.md 2.8).
 */
#include <winsock2.h>
#include <windows.h>

#include <iphlpapi.h>

#include <icmpapi.h>

static const struct {
    IP_STATUS status;
    const WCHAR *text;
} texts[] = {
    {IP_SUCCESS, L"Success."},
    {IP_BUF_TOO_SMALL, L"Reply buffer too small."},
    {IP_DEST_NET_UNREACHABLE, L"Destination net unreachable."},
    {IP_DEST_HOST_UNREACHABLE, L"Destination host unreachable."},
    /* One number with two meanings: the second is IPv6's. */
    {IP_DEST_PROT_UNREACHABLE, L"Destination protocol unreachable, or communication prohibited."},
    {IP_DEST_PORT_UNREACHABLE, L"Destination port unreachable."},
    {IP_NO_RESOURCES, L"No resources."},
    {IP_BAD_OPTION, L"Bad IP option."},
    {IP_HW_ERROR, L"Hardware error."},
    {IP_PACKET_TOO_BIG, L"Packet too big."},
    {IP_REQ_TIMED_OUT, L"Request timed out."},
    {IP_BAD_REQ, L"Bad request."},
    {IP_BAD_ROUTE, L"Source route failed."},
    {IP_TTL_EXPIRED_TRANSIT, L"TTL expired in transit."},
    {IP_TTL_EXPIRED_REASSEM, L"TTL expired during reassembly."},
    {IP_PARAM_PROBLEM, L"IP parameter problem."},
    {IP_SOURCE_QUENCH, L"Source quench received."},
    {IP_OPTION_TOO_BIG, L"IP options too big."},
    {IP_BAD_DESTINATION, L"Bad destination."},
    {IP_ADDR_DELETED, L"IP address deleted."},
    {IP_SPEC_MTU_CHANGE, L"Path MTU changed."},
    {IP_MTU_CHANGE, L"MTU changed."},
    {IP_UNLOAD, L"IP stack unloaded."},
    {IP_ADDR_ADDED, L"IP address added."},
    {IP_MEDIA_CONNECT, L"Network medium connected."},
    {IP_MEDIA_DISCONNECT, L"Network medium disconnected."},
    {IP_BIND_ADAPTER, L"Adapter bound."},
    {IP_UNBIND_ADAPTER, L"Adapter unbound."},
    {IP_DEVICE_DOES_NOT_EXIST, L"Device does not exist."},
    {IP_DUPLICATE_ADDRESS, L"Duplicate address."},
    {IP_INTERFACE_METRIC_CHANGE, L"Interface metric changed."},
    {IP_RECONFIG_SECFLTR, L"Security filter reconfigured."},
    {IP_NEGOTIATING_IPSEC, L"Negotiating IP security."},
    {IP_INTERFACE_WOL_CAPABILITY_CHANGE, L"Wake-on-LAN capability changed."},
    {IP_DUPLICATE_IPADD, L"Duplicate IP address."},
    {IP_NO_FURTHER_SENDS, L"No further sends."},
    {IP_DEST_UNREACHABLE, L"Destination unreachable."},
    {IP_TIME_EXCEEDED, L"Time exceeded."},
    {IP_BAD_HEADER, L"Bad IP header."},
    {IP_UNRECOGNIZED_NEXT_HEADER, L"Unrecognized next header."},
    {IP_ICMP_ERROR, L"ICMP error."},
    {IP_DEST_SCOPE_MISMATCH, L"Source address out of scope."},
    {IP_GENERAL_FAILURE, L"General failure."},
    {IP_PENDING, L"Pending."},
};

/* Copies the text if there is room for it and its end; says how long it is, or how much room it needs. */
static DWORD copy_text(const WCHAR *text, DWORD length, PWSTR buffer, PDWORD size)
{
    if (*size < length + 1) {
        *size = length + 1;
        return ERROR_INSUFFICIENT_BUFFER;
    }
    if (buffer == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    memcpy(buffer, text, length * sizeof(*text));
    buffer[length] = L'\0';
    *size = length;
    return NO_ERROR;
}

/* The system's text for a Win32 error, without its line break. */
static DWORD copy_system_text(DWORD error, PWSTR buffer, PDWORD size)
{
    WCHAR *text = NULL;
    DWORD length = FormatMessageW(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM |
                                      FORMAT_MESSAGE_IGNORE_INSERTS,
                                  NULL, error, 0, (PWSTR)&text, 0, NULL);
    if (length == 0) {
        return GetLastError();
    }
    while (length > 0 &&
           (text[length - 1] == L'\n' || text[length - 1] == L'\r' || text[length - 1] == L' ')) {
        length--;
    }
    DWORD result = copy_text(text, length, buffer, size);
    LocalFree(text);
    return result;
}

DWORD WINAPI GetIpErrorString(IP_STATUS ErrorCode, PWSTR Buffer, PDWORD Size)
{
    if (Size == NULL) {
        return ERROR_INVALID_PARAMETER;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].status == ErrorCode) {
            return copy_text(texts[i].text, (DWORD)wcslen(texts[i].text), Buffer, Size);
        }
    }
    return copy_system_text(ErrorCode, Buffer, Size);
}
