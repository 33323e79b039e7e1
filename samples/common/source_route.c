/*
 * Reads source routes and writes them as IP options.
 */
#include "source_route.h"

#include <string.h>

enum arguments_result source_route_read(struct source_route *route, struct arguments *in, bool strict,
                                        const char **target)
{
    if (route->hop_count > 0)
        return arguments_refuse(in, "Only one source route can be given.");
    route->strict = strict;
    while (in->next < in->argc && !argument_is_option(in->argv[in->next]) &&
           route->hop_count < COUNT_OF(route->hops))
        route->hops[route->hop_count++] = in->argv[in->next++];
    if (route->hop_count == 0)
        return arguments_refuse(in, "Value must be supplied for option %s.", in->option);
    if (in->next == in->argc && *target == NULL && route->hop_count > 1)
        *target = route->hops[--route->hop_count];
    if (route->hop_count > ROUTE_HOPS)
        return arguments_refuse(in, "Option %s takes at most %d hosts and the target.", in->option,
                                ROUTE_HOPS);
    return ARGUMENTS_OK;
}

size_t source_route_bytes(const struct source_route *route)
{
    return route->hop_count > 0 ? 3 + 4 * (route->hop_count + 1) : 0;
}

uint8_t *source_route_write(uint8_t *to, const struct source_route *route, const uint32_t *route_be)
{
    size_t bytes = source_route_bytes(route);
    if (bytes == 0)
        return to;
    to[0] = route->strict ? IP_OPTION_STRICT_ROUTE : IP_OPTION_LOOSE_ROUTE;
    to[1] = (uint8_t)bytes;
    to[2] = 4; /* where the next router writes: the octet, counted from 1 */
    memcpy(to + 3, route_be, bytes - 3);
    return to + bytes;
}
