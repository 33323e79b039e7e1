/* The type of Microsoft's header that ours names. */
#pragma once

typedef struct in6_addr {
    union {
        unsigned char Byte[16];
        unsigned short Word[8];
    } u;
} IN6_ADDR;
