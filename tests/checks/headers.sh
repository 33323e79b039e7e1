#!/usr/bin/env bash
# Our public headers compile without a warning wherever a program may include them: alone, before and after
# the SDK's headers and mingw-w64's versions of themselves, with and without PIO_APC_ROUTINE_DEFINED, as C and
# as C++. In each place the layouts and values must be right and all functions callable. Nothing is linked or
# run. Prints a line for each case, and goes on after one that fails.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "$0")/lib.sh"

cd "$project_dir" # paths are relative below, for they are passed on in strings, and the project's may hold a space
flags=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -I tests -I .)
ours=-Iinclude
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# report NAME COMMAND...: runs the command, shows what it wrote if it fails.
report() {
    local name=$1
    shift
    if "$@" >"$scratch/log" 2>&1; then
        echo "ok      $name"
    else
        echo "FAILED  $name"
        sed -n '1,40s/^/        /p' "$scratch/log"
        failures=$((failures + 1))
    fi
}

# refused PATTERN COMMAND...: true if the command fails and its complaint matches.
refused() {
    local pattern=$1
    shift
    if "$@" >"$scratch/refused" 2>&1; then
        echo "this compiled, but should not have"
        return 1
    fi
    grep -qE "$pattern" "$scratch/refused" || { cat "$scratch/refused" && return 1; }
}

# The compilers for C or C++, one a line; those that are not installed are left out.
compilers() {
    local compiler gcc=gcc clang=clang
    [[ $1 == c ]] || gcc=g++ clang=clang++
    for compiler in "$triple-$gcc" "$clang --target=$triple"; do
        if command -v "${compiler%% *}" >/dev/null; then echo "$compiler"; fi
    done
}

# program FILE LINE...: writes a program that begins with these lines, of which <name> and "name" stand for
# includes, that uses every declaration, and that asserts the layouts where the language can.
program() {
    local file=$1 line
    shift
    for line in "$@"; do
        if [[ $line == [\<\"]* ]]; then line="#include $line"; fi
        echo "$line"
    done >"$file"
    cat >>"$file" <<'PROGRAM'
#if !defined(__cplusplus) || __cplusplus >= 201103L
    #include "support/abi_asserts.h"
#endif
#ifdef OPENICMP_OPENICMP_H
    #if !defined(__cplusplus) || __cplusplus >= 201103L
        #include "support/extension_asserts.h"
    #endif
DWORD use_the_extension(OPENICMP_PROBE *probe, OPENICMP_RESULT *result);
DWORD use_the_extension(OPENICMP_PROBE *probe, OPENICMP_RESULT *result)
{
    OPENICMP_BATCH_OPTIONS options = {sizeof(OPENICMP_BATCH_OPTIONS), OPENICMP_BATCH_DEFAULT};
    OPENICMP_BATCH batch = OpenIcmpCreateBatch(&options);
    OPENICMP_INFORMATION information;
    DWORD count = 0;
    probe->Destination.V4.Family = probe->Destination.V6.Family;
    if (OpenIcmpSubmit(batch, probe, 1, &count) && OpenIcmpCollect(batch, result, 1, 0, &count) &&
        OpenIcmpCancel(batch, &probe->Context, &count) && OpenIcmpCloseBatch(batch) &&
        OpenIcmpQuery(&information)) {
        count += OpenIcmpRoundTripTimes(probe, 1, &result->RoundTrip, 1);
    }
    return count + result->Status;
}
#endif
#ifdef PIO_APC_ROUTINE_DEFINED
typedef PIO_APC_ROUTINE routine_type;
#else
typedef FARPROC routine_type;
#endif
DWORD use_everything(PVOID buffer, DWORD size, HANDLE event, routine_type routine, struct sockaddr_in6 *a);
DWORD use_everything(PVOID buffer, DWORD size, HANDLE event, routine_type routine, struct sockaddr_in6 *a)
{
    HANDLE handle = IcmpCreateFile();
    HANDLE handle6 = Icmp6CreateFile();
    IP_OPTION_INFORMATION options = {64, 0, IP_FLAG_DF | IP_FLAG_REVERSE, 0, (PUCHAR)buffer};
    PICMP_ECHO_REPLY reply = (PICMP_ECHO_REPLY)buffer;
    PICMPV6_ECHO_REPLY reply6 = (PICMPV6_ECHO_REPLY)buffer;
    PIPV6_ADDRESS_EX replier = &reply6->Address;
    IPAddr any = 0;
    DWORD count = 0;
#if defined(_WIN64)
    PICMP_ECHO_REPLY32 reply32 = (PICMP_ECHO_REPLY32)buffer;
    PIP_OPTION_INFORMATION32 options32 = &reply32->Options;

    count += options32->OptionsData == 0 && reply32->Data == 0;
#endif
    count += IcmpSendEcho(handle, any, buffer, 1, &options, buffer, size, 1);
    count += IcmpSendEcho2(handle, event, routine, buffer, any, buffer, 1, &options, buffer, size, 1);
    count += IcmpSendEcho2Ex(handle, event, routine, buffer, any, any, buffer, 1, &options, buffer, size, 1);
    count += Icmp6SendEcho2(handle6, event, routine, buffer, a, a, buffer, 1, &options, buffer, size, 1);
    count += IcmpParseReplies(buffer, size);
    count += Icmp6ParseReplies(buffer, size);
    if (IcmpCloseHandle(handle) && IcmpCloseHandle(handle6)) {
        count += reply->Status + reply6->Status + replier->sin6_addr[7];
    }
    return count;
}
PROGRAM
}

# What each program is compiled as. What the headers do depends on the language and on what was included before them, and not
# on the architecture, of which layouts and calling convention do: so one language will do for the second architecture.
standards=(c11 c++98 c++17)
[[ $arch == x64 ]] || standards=(c11)

# compile NAME OPTIONS LINE...: the program as C11 and C++98 by GCC and as C++17 by Clang, if that is installed, all for
# $triple; OPTIONS are split at blanks. (Each by both would take twice as long, and what the headers do does not depend on
# the compiler.)
compile() {
    local name=$1 options=$2 standard compiler file
    shift 2
    for standard in "${standards[@]}"; do
        file=$scratch/program.cpp
        case $standard in
        c11) file=$scratch/program.c compiler=$triple-gcc ;;
        c++98) compiler=$triple-g++ ;;
        c++17) compiler=$(compilers c++ | tail -n 1) ;;
        esac
        program "$file" "$@"
        # shellcheck disable=SC2086 # lists of words
        report "$compiler $standard: $name" $compiler -std=$standard "${flags[@]}" $options \
            -fsyntax-only "$file"
    done
}

# Where mingw-w64's own header of this name lies.
mingw_header() {
    printf '#include <winsock2.h>\n#include <ipexport.h>\n#include <icmpapi.h>\n' | "$triple-gcc" -E -x c - |
        sed -n "s|^# [0-9]* \"\([^\"]*/$1\)\".*|\1|p" | sort -u
}

# The symbols by which a program links the functions: on x86 with the number of bytes that each takes off the
# stack.
expected_symbols() {
    if [[ $triple == i686-* ]]; then
        printf '_%s\n' Icmp6CreateFile@0 Icmp6ParseReplies@8 Icmp6SendEcho2@48 IcmpCloseHandle@4 \
            IcmpCreateFile@0 IcmpParseReplies@8 IcmpSendEcho2@44 IcmpSendEcho2Ex@48 IcmpSendEcho@32
    else
        printf '%s\n' Icmp6CreateFile Icmp6ParseReplies Icmp6SendEcho2 IcmpCloseHandle IcmpCreateFile \
            IcmpParseReplies IcmpSendEcho2 IcmpSendEcho2Ex IcmpSendEcho
    fi | LC_ALL=C sort
}

symbols_are_as_expected() {
    "$1" -O2 "$ours" "${flags[@]}" -c "$2" -o "$scratch/program.o"
    diff <(expected_symbols) <("$triple-nm" -u "$scratch/program.o" | sed -n 's/^ *U //p' | LC_ALL=C sort)
}

# Ours alone or with the headers of Windows, in every order.
check_orders() {
    compile "both, twice" "$ours" "<ipexport.h>" "<icmpapi.h>" "<ipexport.h>" "<icmpapi.h>"
    compile "after windef.h" "$ours" "<windef.h>" "<icmpapi.h>"
    compile "after windows.h" "$ours" "<windows.h>" "<icmpapi.h>"
    compile "after a lean windows.h" "$ours -DWIN32_LEAN_AND_MEAN" "<windows.h>" "<icmpapi.h>"
    compile "before windows.h" "$ours" "<icmpapi.h>" "<windows.h>"
    compile "after winsock.h" "$ours" "<winsock.h>" "<icmpapi.h>"
    compile "after winsock2.h" "$ours" "<winsock2.h>" "<icmpapi.h>"
    compile "before winsock2.h" "$ours" "<icmpapi.h>" "<winsock2.h>" "<ws2tcpip.h>"
    compile "between windef.h and winsock2.h" "$ours" "<windef.h>" "<icmpapi.h>" "<winsock2.h>" "<ws2tcpip.h>"
    compile "before iphlpapi.h" "$ours" "<icmpapi.h>" "<ws2tcpip.h>" "<iphlpapi.h>"
    compile "between windows.h and iphlpapi.h" "$ours" "<windows.h>" "<icmpapi.h>" "<iphlpapi.h>"
}

# What else we publish may come before and after iphlpapi.h too.
check_every_header() {
    local header

    for header in include/*.h; do
        header="<${header##*/}>"
        compile "$header alone" "$ours" "$header" "<icmpapi.h>"
        compile "$header after iphlpapi.h" "$ours" "<winsock2.h>" "<iphlpapi.h>" "$header" "<icmpapi.h>"
        compile "$header before iphlpapi.h" "$ours" "<winsock2.h>" "$header" "<iphlpapi.h>" "<icmpapi.h>"
    done
}

# The type of the completion routine is the documented one.
check_routine_type() {
    local macro="#define PIO_APC_ROUTINE_DEFINED" language compiler state
    local own="typedef VOID(WINAPI *PIO_APC_ROUTINE)(PVOID, struct _IO_STATUS_BLOCK *, ULONG);"

    compile "winternl.h without the macro" "$ours" "<winsock2.h>" "<winternl.h>" "<icmpapi.h>"
    compile "winternl.h and the macro" "$ours" "<winsock2.h>" "<winternl.h>" "$macro" "<icmpapi.h>"
    compile "the macro after iphlpapi.h" "$ours" "<winsock2.h>" "<iphlpapi.h>" "<winternl.h>" "$macro" \
        "<icmpapi.h>"
    compile "a PIO_APC_ROUTINE of the program's own" "$ours -DPIO_APC_ROUTINE_DEFINED" "<winsock2.h>" \
        "struct _IO_STATUS_BLOCK;" "$own" "<icmpapi.h>"

    for language in c c++; do
        program "$scratch/with" "<winsock2.h>" "<winternl.h>" "$macro" "<icmpapi.h>" \
            "#define routine_type FARPROC"
        program "$scratch/without" "<winsock2.h>" "<winternl.h>" "<icmpapi.h>" \
            "#define routine_type PIO_APC_ROUTINE"
        sed -i '/^typedef .* routine_type;$/d' "$scratch/with" "$scratch/without"
        while read -r compiler; do
            # shellcheck disable=SC2086 # lists of words
            for state in with without; do
                report "$compiler $language: the other type is refused $state the macro" refused \
                    "IcmpSendEcho2|FARPROC|PIO_APC_ROUTINE" $compiler -x "$language" "${flags[@]}" $ours \
                    -fsyntax-only "$scratch/$state"
            done
        done < <(compilers "$language")
    done
}

# A program may have an ICMPV6_ECHO_REPLY of its own where it would need one with the SDK, or if it says so.
check_own_reply6() {
    local own="typedef struct icmpv6_echo_reply_lh"

    own+=" { IPV6_ADDRESS_EX Address; ULONG Status; unsigned int RoundTripTime; }"
    own+=" ICMPV6_ECHO_REPLY, *PICMPV6_ECHO_REPLY, ICMPV6_ECHO_REPLY_LH;"
    compile "own ICMPV6_ECHO_REPLY, for Windows 2000" "$ours -D_WIN32_WINNT=0x0500" "<windows.h>" \
        "<ipexport.h>" "$own" "<icmpapi.h>"
    compile "own ICMPV6_ECHO_REPLY, by macro" "$ours -DOPENICMP_NO_ICMPV6_ECHO_REPLY" "<windows.h>" \
        "<ipexport.h>" "$own" "<icmpapi.h>"
}

# Together with mingw-w64's headers of the same names.
check_with_mingw() {
    local their_data their_functions our_data our_functions

    their_data="\"$(mingw_header ipexport.h)\""
    their_functions="\"$(mingw_header icmpapi.h)\""
    our_data="\"include/ipexport.h\""
    our_functions="\"include/icmpapi.h\""

    report "$triple-gcc c11: mingw-w64's own have the same layouts" "$triple-gcc" -std=c11 "${flags[@]}" \
        -fsyntax-only tests/checks/abi_mingw.c
    compile "mingw-w64's after ours" "$ours" "<winsock2.h>" "<icmpapi.h>" "$their_data" "$their_functions"
    compile "mingw-w64's ipexport.h before ours" "$ours" "<winsock2.h>" "$their_data" "<icmpapi.h>"
    compile "mingw-w64's before ours" "$ours" "<winsock2.h>" "<ws2tcpip.h>" "$their_data" "$their_functions" \
        "<icmpapi.h>"
    compile "mingw-w64's icmpapi.h between ours" "$ours" "<winsock2.h>" "<ws2tcpip.h>" "<ipexport.h>" \
        "$their_functions" "<icmpapi.h>"
    compile "ours without a search path, after iphlpapi.h" "" "<winsock2.h>" "<iphlpapi.h>" "$our_functions"
    compile "ours without a search path, before iphlpapi.h" "" "<winsock2.h>" "$our_functions" "<iphlpapi.h>"
    compile "ours last in the search path" "-idirafter include" "<winsock2.h>" "<ws2tcpip.h>" \
        "<iphlpapi.h>" "<icmpapi.h>" "$our_data" "$our_functions"
}

check_symbols() {
    program "$scratch/program.c" "<icmpapi.h>"
    program "$scratch/program.cpp" "<icmpapi.h>"
    report "$triple-gcc: linker symbols" symbols_are_as_expected "$triple-gcc" "$scratch/program.c"
    report "$triple-g++: linker symbols" symbols_are_as_expected "$triple-g++" "$scratch/program.cpp"
}

# Portable code, on the machine that builds.
check_native() {
    local compiler

    cat >"$scratch/native.c" <<'PROGRAM'
#include <stddef.h>
#include <ipexport.h>
typedef char reply_size[sizeof(ICMP_ECHO_REPLY) == (sizeof(void *) == 4 ? 28 : 40) ? 1 : -1];
typedef char reply6_size[sizeof(ICMPV6_ECHO_REPLY) == 36 ? 1 : -1];
typedef char reply6_status[offsetof(ICMPV6_ECHO_REPLY, Status) == 28 ? 1 : -1];
typedef char address6_size[sizeof(IPV6_ADDRESS_EX) == 26 ? 1 : -1];
typedef char status_values[IP_REQ_TIMED_OUT == 11010 && sizeof(IP_STATUS) == 4 ? 1 : -1];
PROGRAM
    echo '#include <icmpapi.h>' >"$scratch/functions.c"
    echo '#include <openicmp.h>' >"$scratch/extension.c"
    for compiler in gcc clang; do
        command -v "$compiler" >/dev/null || continue
        report "native $compiler: ipexport.h" "$compiler" -std=c11 "${flags[@]}" "$ours" -fsyntax-only \
            "$scratch/native.c"
        report "native $compiler: icmpapi.h is refused" refused "icmpapi.h declares Windows functions" \
            "$compiler" "$ours" -fsyntax-only "$scratch/functions.c"
        report "native $compiler: openicmp.h is refused" refused "openicmp.h declares Windows functions" \
            "$compiler" "$ours" -fsyntax-only "$scratch/extension.c"
    done
}

command -v "$triple-g++" >/dev/null || skip "$triple-g++ is not installed"
check_native
check_orders
check_every_header
check_routine_type
check_own_reply6
check_with_mingw
check_symbols
if [[ $failures != 0 ]]; then
    fail "$failures cases failed"
fi
