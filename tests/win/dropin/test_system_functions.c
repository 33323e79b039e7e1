/*
 * What our iphlpapi.dll passes through gives exactly what the system's own gives: result, last error and every byte of
 * memory. And what the system's does not have fails, and leaves the stack as it should be.
 */
#include "win/support/both_dlls.h"
#include "win/support/module.h"
#include "win/support/stack.h"

#include "support/cmocka_main.h"

#include <ws2tcpip.h>
#include <iphlpapi.h>
#include <netioapi.h>
#include <stdlib.h>

#define POISON_ERROR 0x20000abcu
#define LOOPBACK     0x0100007fu /* 127.0.0.1 in network byte order */

/* ---- The same results ---- */

#define MEMORY_BYTES 65536

/* What a call gave. `memory` is what it was given to write to, or a copy of what it had allocated. */
struct outcome {
    ULONG_PTR result;
    DWORD last_error;
    BYTE memory[MEMORY_BYTES];
};

/* Where calls write to: at the same address each time, for what they write may have pointers to itself. */
static union {
    BYTE bytes[MEMORY_BYTES];
    ULONG ulong;
    ULONG64 alignment;
} memory;

/* A function of the DLL that is being tried. */
#define OF(function) FUNCTION_OF(from, function)

/* Keeps a table that the DLL has allocated, and frees it. */
static void keep(HMODULE from, const void *table, size_t bytes)
{
    assert_true(bytes <= sizeof(memory));
    memcpy(memory.bytes, table, bytes);
    OF(FreeMibTable)((void *)(ULONG_PTR)table);
}

#define TABLE_BYTES(table)                                                                                   \
    (offsetof(__typeof__(*(table)), Table) + (table)->NumEntries * sizeof((table)->Table[0]))

static ULONG_PTR adapters_addresses(HMODULE from)
{
    ULONG bytes = sizeof(memory);
    return OF(GetAdaptersAddresses)(AF_UNSPEC, GAA_FLAG_INCLUDE_PREFIX | GAA_FLAG_INCLUDE_GATEWAYS, NULL,
                                    (IP_ADAPTER_ADDRESSES *)memory.bytes, &bytes);
}

static ULONG_PTR adapters_addresses_without_room(HMODULE from)
{
    memory.ulong = 0;
    return OF(GetAdaptersAddresses)(AF_INET, 0, NULL, NULL, &memory.ulong);
}

static ULONG_PTR adapters_info(HMODULE from)
{
    ULONG bytes = sizeof(memory);
    return OF(GetAdaptersInfo)((IP_ADAPTER_INFO *)memory.bytes, &bytes);
}

static ULONG_PTR interface_info(HMODULE from)
{
    ULONG bytes = sizeof(memory);
    return OF(GetInterfaceInfo)((IP_INTERFACE_INFO *)memory.bytes, &bytes);
}

static ULONG_PTR network_params(HMODULE from)
{
    ULONG bytes = sizeof(memory);
    return OF(GetNetworkParams)((FIXED_INFO *)memory.bytes, &bytes);
}

static ULONG_PTR number_of_interfaces(HMODULE from)
{
    return OF(GetNumberOfInterfaces)(&memory.ulong);
}

static ULONG_PTR per_adapter_info(HMODULE from)
{
    ULONG bytes = sizeof(memory);
    return OF(GetPerAdapterInfo)(1, (IP_PER_ADAPTER_INFO *)memory.bytes, &bytes);
}

static ULONG_PTR interfaces(HMODULE from)
{
    ULONG bytes = sizeof(memory);
    return OF(GetIfTable)((MIB_IFTABLE *)memory.bytes, &bytes, TRUE);
}

static ULONG_PTR interface_entry(HMODULE from)
{
    memset(&memory, 0, sizeof(MIB_IFROW));
    ((MIB_IFROW *)memory.bytes)->dwIndex = 1;
    return OF(GetIfEntry)((MIB_IFROW *)memory.bytes);
}

static ULONG_PTR interfaces2(HMODULE from)
{
    MIB_IF_TABLE2 *table;
    DWORD result = OF(GetIfTable2)(&table);

    if (result == NO_ERROR) {
        keep(from, table, TABLE_BYTES(table));
    }
    return result;
}

static ULONG_PTR interface_entry2(HMODULE from)
{
    memset(&memory, 0, sizeof(MIB_IF_ROW2));
    ((MIB_IF_ROW2 *)memory.bytes)->InterfaceIndex = 1;
    return OF(GetIfEntry2)((MIB_IF_ROW2 *)memory.bytes);
}

static ULONG_PTR ip_interfaces(HMODULE from)
{
    MIB_IPINTERFACE_TABLE *table;
    DWORD result = OF(GetIpInterfaceTable)(AF_INET, &table);

    if (result == NO_ERROR) {
        keep(from, table, TABLE_BYTES(table));
    }
    return result;
}

static ULONG_PTR addresses(HMODULE from)
{
    ULONG bytes = sizeof(memory);
    return OF(GetIpAddrTable)((MIB_IPADDRTABLE *)memory.bytes, &bytes, TRUE);
}

static ULONG_PTR unicast_addresses(HMODULE from)
{
    MIB_UNICASTIPADDRESS_TABLE *table;
    DWORD result = OF(GetUnicastIpAddressTable)(AF_UNSPEC, &table);

    if (result == NO_ERROR) {
        keep(from, table, TABLE_BYTES(table));
    }
    return result;
}

static ULONG_PTR routes(HMODULE from)
{
    ULONG bytes = sizeof(memory);
    return OF(GetIpForwardTable)((MIB_IPFORWARDTABLE *)memory.bytes, &bytes, TRUE);
}

static ULONG_PTR routes2(HMODULE from)
{
    MIB_IPFORWARD_TABLE2 *table;
    DWORD result = OF(GetIpForwardTable2)(AF_UNSPEC, &table);

    if (result == NO_ERROR) {
        keep(from, table, TABLE_BYTES(table));
    }
    return result;
}

static ULONG_PTR neighbours(HMODULE from)
{
    ULONG bytes = sizeof(memory);
    return OF(GetIpNetTable)((MIB_IPNETTABLE *)memory.bytes, &bytes, TRUE);
}

static ULONG_PTR tcp_connections(HMODULE from)
{
    DWORD bytes = sizeof(memory);
    return OF(GetExtendedTcpTable)(memory.bytes, &bytes, TRUE, AF_INET, TCP_TABLE_OWNER_PID_ALL, 0);
}

static ULONG_PTR udp_endpoints(HMODULE from)
{
    DWORD bytes = sizeof(memory);
    return OF(GetExtendedUdpTable)(memory.bytes, &bytes, TRUE, AF_INET, UDP_TABLE_BASIC, 0);
}

static ULONG_PTR ip_statistics(HMODULE from)
{
    return OF(GetIpStatisticsEx)((MIB_IPSTATS *)memory.bytes, AF_INET);
}

static ULONG_PTR icmp_statistics(HMODULE from)
{
    return OF(GetIcmpStatistics)((MIB_ICMP *)memory.bytes);
}

static ULONG_PTR best_interface(HMODULE from)
{
    return OF(GetBestInterface)(LOOPBACK, &memory.ulong);
}

static ULONG_PTR best_interface_of_a_family_that_is_none(HMODULE from)
{
    struct sockaddr_in destination = {.sin_family = 99};
    return OF(GetBestInterfaceEx)((struct sockaddr *)&destination, &memory.ulong);
}

static ULONG_PTR best_route(HMODULE from)
{
    return OF(GetBestRoute)(LOOPBACK, 0, (MIB_IPFORWARDROW *)memory.bytes);
}

static ULONG_PTR best_route2(HMODULE from)
{
    SOCKADDR_INET destination = {.Ipv4 = {.sin_family = AF_INET}};

    destination.Ipv4.sin_addr.s_addr = LOOPBACK;
    return OF(GetBestRoute2)(NULL, 1, NULL, &destination, 0, (MIB_IPFORWARD_ROW2 *)memory.bytes,
                             (SOCKADDR_INET *)(memory.bytes + 1024));
}

static ULONG_PTR index_to_luid(HMODULE from)
{
    return OF(ConvertInterfaceIndexToLuid)(1, (NET_LUID *)memory.bytes);
}

static ULONG_PTR luid_to_guid(HMODULE from)
{
    NET_LUID luid;

    if (OF(ConvertInterfaceIndexToLuid)(1, &luid) != NO_ERROR) {
        luid.Value = 0;
    }
    return OF(ConvertInterfaceLuidToGuid)(&luid, (GUID *)memory.bytes);
}

static ULONG_PTR luid_to_name(HMODULE from)
{
    NET_LUID luid = {.Info = {.NetLuidIndex = 7, .IfType = IF_TYPE_ETHERNET_CSMACD}};
    return OF(ConvertInterfaceLuidToNameW)(&luid, (WCHAR *)memory.bytes, 256);
}

static ULONG_PTR length_to_mask(HMODULE from)
{
    return OF(ConvertLengthToIpv4Mask)(20, &memory.ulong);
}

static ULONG_PTR length_to_no_mask(HMODULE from)
{
    return OF(ConvertLengthToIpv4Mask)(33, &memory.ulong);
}

static ULONG_PTR index_to_name(HMODULE from)
{
    return (ULONG_PTR)OF(if_indextoname)(1, (char *)memory.bytes);
}

static ULONG_PTR name_to_index(HMODULE from)
{
    return OF(if_nametoindex)("no such interface");
}

static ULONG_PTR friendly_index(HMODULE from)
{
    return OF(GetFriendlyIfIndex)(0x01234567);
}

static ULONG_PTR sorted_addresses(HMODULE from)
{
    SOCKADDR_IN6 destinations[2] = {{.sin6_family = AF_INET6}, {.sin6_family = AF_INET6}};
    SOCKADDR_IN6_PAIR *pairs = NULL;
    ULONG count = 0;
    DWORD result;

    memcpy(&destinations[0].sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
    memcpy(&destinations[1].sin6_addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\2", 16);
    result = OF(CreateSortedAddressPairs)(NULL, 0, destinations, 2, 0, &pairs, &count);
    if (result == NO_ERROR) {
        for (ULONG i = 0; i < count; i++) {
            memcpy(memory.bytes + i * sizeof(SOCKADDR_IN6), pairs[i].DestinationAddress,
                   sizeof(SOCKADDR_IN6));
        }
        OF(FreeMibTable)(pairs);
    }
    return result;
}

static const struct {
    const char *function;
    ULONG_PTR (*call)(HMODULE from);
} calls[] = {
    {"GetAdaptersAddresses", adapters_addresses},
    {"GetAdaptersAddresses, without room", adapters_addresses_without_room},
    {"GetAdaptersInfo", adapters_info},
    {"GetInterfaceInfo", interface_info},
    {"GetNetworkParams", network_params},
    {"GetNumberOfInterfaces", number_of_interfaces},
    {"GetPerAdapterInfo", per_adapter_info},
    {"GetIfTable", interfaces},
    {"GetIfEntry", interface_entry},
    {"GetIfTable2", interfaces2},
    {"GetIfEntry2", interface_entry2},
    {"GetIpInterfaceTable", ip_interfaces},
    {"GetIpAddrTable", addresses},
    {"GetUnicastIpAddressTable", unicast_addresses},
    {"GetIpForwardTable", routes},
    {"GetIpForwardTable2", routes2},
    {"GetIpNetTable", neighbours},
    {"GetExtendedTcpTable", tcp_connections},
    {"GetExtendedUdpTable", udp_endpoints},
    {"GetIpStatisticsEx", ip_statistics},
    {"GetIcmpStatistics", icmp_statistics},
    {"GetBestInterface", best_interface},
    {"GetBestInterfaceEx, no family", best_interface_of_a_family_that_is_none},
    {"GetBestRoute", best_route},
    {"GetBestRoute2", best_route2},
    {"ConvertInterfaceIndexToLuid", index_to_luid},
    {"ConvertInterfaceLuidToGuid", luid_to_guid},
    {"ConvertInterfaceLuidToNameW", luid_to_name},
    {"ConvertLengthToIpv4Mask", length_to_mask},
    {"ConvertLengthToIpv4Mask, no mask", length_to_no_mask},
    {"if_indextoname", index_to_name},
    {"if_nametoindex, no name", name_to_index},
    {"GetFriendlyIfIndex", friendly_index},
    {"CreateSortedAddressPairs", sorted_addresses},
};

static void make(struct outcome *outcome, ULONG_PTR (*call)(HMODULE), HMODULE from)
{
    memset(&memory, 0xa5, sizeof(memory));
    SetLastError(POISON_ERROR);
    outcome->result = call(from);
    outcome->last_error = GetLastError();
    memcpy(outcome->memory, &memory, sizeof(memory));
}

/* Counters and tables of the machine change. So the system is asked before us and after us, until both answers are the
 * same. The first call of ours is also the one that looks the function up. */
static void test_functions_give_byte_for_byte_what_the_systems_give(void **state)
{
    static struct outcome before, through_us, after;

    (void)state;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        int tries = 100;

        do {
            make(&before, calls[i].call, systems.module);
            make(&through_us, calls[i].call, ours.module);
            make(&after, calls[i].call, systems.module);
        } while (memcmp(&before, &after, sizeof(before)) != 0 && --tries > 0);
        if (tries == 0) {
            fail_msg("%s of the system never gives the same twice", calls[i].function);
        }
        if (memcmp(&before, &through_us, sizeof(before)) != 0) {
            fail_msg("%s gives %lu through us, error %lu, and %lu by itself, error %lu", calls[i].function,
                     (unsigned long)through_us.result, through_us.last_error, (unsigned long)before.result,
                     before.last_error);
        }
    }
}

/* What there is to tell of a notification that was asked for and taken back. */
struct notification {
    DWORD asked;
    DWORD asked_error;
    BOOL handle_given;
    DWORD waited;
    BOOL taken_back;
    DWORD taken_back_error;
};

static struct notification notification_of(HMODULE from)
{
    OVERLAPPED *overlapped = calloc(1, sizeof(*overlapped)); /* for good: it may not have been taken back */
    HANDLE handle = NULL;
    struct notification notification;

    assert_non_null(overlapped);
    overlapped->hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    assert_non_null(overlapped->hEvent);
    memset(&notification, 0, sizeof(notification));
    SetLastError(POISON_ERROR);
    notification.asked = OF(NotifyAddrChange)(&handle, overlapped);
    notification.asked_error = GetLastError();
    notification.handle_given = handle != NULL;
    notification.waited = WaitForSingleObject(overlapped->hEvent, 0);
    SetLastError(POISON_ERROR);
    notification.taken_back = OF(CancelIPChangeNotify)(overlapped);
    notification.taken_back_error = GetLastError();
    return notification;
}

static void test_waiting_for_a_change_of_addresses_is_as_through_the_systems(void **state)
{
    struct notification through_us = notification_of(ours.module);
    struct notification by_itself = notification_of(systems.module);

    (void)state;
    assert_int_equal(through_us.asked, ERROR_IO_PENDING);
    assert_memory_equal(&through_us, &by_itself, sizeof(by_itself));
}

/* ---- What the system lacks ---- */

typedef ULONG_PTR(WINAPI *with_one_argument)(void *);

/* What is in Windows 11, and in no Wine yet. Skips if the system has it after all. */
static with_one_argument lacking(const char *name)
{
    if (GetProcAddress(systems.module, name) != NULL) {
        print_message("this system has %s\n", name);
        skip();
    }
    return (with_one_argument)(void (*)(void))GetProcAddress(ours.module, name);
}

static void test_function_that_the_system_lacks_is_not_implemented(void **state)
{
    with_one_argument function = lacking("CreateFlVirtualInterface");

    (void)state;
    for (int again = 0; again < 2; again++) {
        SetLastError(POISON_ERROR);
        assert_int_equal(function(NULL), ERROR_CALL_NOT_IMPLEMENTED);
        assert_int_equal(GetLastError(), ERROR_CALL_NOT_IMPLEMENTED);
    }
}

/* ERROR_CALL_NOT_IMPLEMENTED would be a good value of what these return. */
static void test_function_that_returns_no_error_fails_in_its_own_way(void **state)
{
    with_one_argument session = lacking("GetSessionCompartmentId");
    with_one_argument handle = lacking("InternalIcmpCreateFileEx");

    (void)state;
    SetLastError(POISON_ERROR);
    assert_int_equal((DWORD)session(NULL), 0);
    assert_int_equal(GetLastError(), ERROR_CALL_NOT_IMPLEMENTED);
    SetLastError(POISON_ERROR);
    assert_true((HANDLE)handle(NULL) == INVALID_HANDLE_VALUE);
    assert_int_equal(GetLastError(), ERROR_CALL_NOT_IMPLEMENTED);
}

#ifdef __i386__

/* Which are these, and what they should take: the linker's names in mingw-w64's import library, a few of them. */
static const struct {
    const char *name;
    unsigned int bytes;
} lacking_functions[] = {
    {"GetWPAOACSupportLevel", 0},
    {"CreateIpForwardEntry2", 4},
    {"FlushIpNetTable2", 8},
    {"ConvertRemoteInterfaceLuidToIndex", 12},
    {"GetOwnerModuleFromTcpEntry", 16},
    {"GetNetworkInformation", 20},
    {"SetPerTcp6ConnectionEStats", 24},
    {"InternalGetIPPhysicalInterfaceForDestination", 28},
    {"GetPerTcp6ConnectionStats", 32},
    {"GetPerTcp6ConnectionEStats", 44},
};

static void test_function_that_the_system_lacks_takes_its_arguments_off_the_stack(void **state)
{
    static const DWORD none[PUSHED] = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(lacking_functions) / sizeof(lacking_functions[0]); i++) {
        FARPROC function = (FARPROC)(void (*)(void))lacking(lacking_functions[i].name);
        DWORD result;

        for (int again = 0; again < 2; again++) {
            unsigned int taken = stack_bytes_taken_by(function, none, &result);

            if (taken != lacking_functions[i].bytes) {
                fail_msg("%s takes %u bytes, not %u", lacking_functions[i].name, taken,
                         lacking_functions[i].bytes);
            }
            assert_int_equal(result, ERROR_CALL_NOT_IMPLEMENTED);
        }
    }
}

    #define ENTRYPOINT_NOT_FOUND 0xc0000139u

static jmp_buf after_exception;
static DWORD raised;

static LONG CALLBACK note_exception(EXCEPTION_POINTERS *exception)
{
    raised = exception->ExceptionRecord->ExceptionCode;
    if (raised != ENTRYPOINT_NOT_FOUND) {
        return EXCEPTION_CONTINUE_SEARCH;
    }
    longjmp(after_exception, 1);
}

/* Nobody has published how much it takes off the stack, so there is no way back to the caller. */
static void test_function_of_unknown_size_that_the_system_lacks_raises_an_exception(void **state)
{
    with_one_argument function = lacking("InternalGetTcpDynamicPortRange");
    void *handler = AddVectoredExceptionHandler(1, note_exception);

    (void)state;
    if (setjmp(after_exception) == 0) {
        function(NULL);
        fail_msg("%s", "it returns");
    }
    RemoveVectoredExceptionHandler(handler);
    assert_int_equal(raised, ENTRYPOINT_NOT_FOUND);
}

#else

static void test_function_that_the_system_lacks_takes_its_arguments_off_the_stack(void **state)
{
    (void)state;
    skip(); /* a question of x86 only */
}

static void test_function_of_unknown_size_that_the_system_lacks_raises_an_exception(void **state)
{
    (void)state;
    /* On x64 the caller takes the arguments off, so there is a way back. */
    assert_int_equal(lacking("InternalGetTcpDynamicPortRange")(NULL), ERROR_CALL_NOT_IMPLEMENTED);
}

#endif

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions_give_byte_for_byte_what_the_systems_give),
        cmocka_unit_test(test_waiting_for_a_change_of_addresses_is_as_through_the_systems),
        cmocka_unit_test(test_function_that_the_system_lacks_is_not_implemented),
        cmocka_unit_test(test_function_that_returns_no_error_fails_in_its_own_way),
        cmocka_unit_test(test_function_that_the_system_lacks_takes_its_arguments_off_the_stack),
        cmocka_unit_test(test_function_of_unknown_size_that_the_system_lacks_raises_an_exception),
    };

    return cmocka_run(argc, argv, tests, load_both_dlls, NULL);
}
