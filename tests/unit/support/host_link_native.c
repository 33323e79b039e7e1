/*
 * The host transport's link for native tests: the library is linked into the test program.
 */
#include "support/cmocka_main.h"

#include "transport/host_link.h"
#include "unit/support/host_fixture.h"

bool host_link_open(void)
{
    return true;
}

void host_link_call(enum host_function function, void *parameters)
{
    host_call(function, parameters);
}

void host_link_unload(void)
{
}
