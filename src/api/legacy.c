/*
 * Three functions that icmp.dll has always exported and that nobody documents. Nothing was found to call
 * them, and only the size of their arguments is known: they are there so that programs which import them
 * load, pop what they must, and fail (behaviour.md 1.2, Q26).
 */
#include <windows.h>

/* 40 bytes on the stack of x86. */
typedef ULONG_PTR unknown;

DWORD WINAPI register_icmp(void);
DWORD WINAPI do_echo_req(unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown,
                         unknown);
DWORD WINAPI do_echo_rep(unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown,
                         unknown);

static DWORD fail(void)
{
    SetLastError(ERROR_CALL_NOT_IMPLEMENTED);
    return 0;
}

DWORD WINAPI register_icmp(void)
{
    return fail();
}

DWORD WINAPI do_echo_req(unknown a, unknown b, unknown c, unknown d, unknown e, unknown f, unknown g,
                         unknown h, unknown i, unknown j)
{
    (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h, (void)i, (void)j;
    return fail();
}

DWORD WINAPI do_echo_rep(unknown a, unknown b, unknown c, unknown d, unknown e, unknown f, unknown g,
                         unknown h, unknown i, unknown j)
{
    return do_echo_req(a, b, c, d, e, f, g, h, i, j);
}
