/*
 * Memory that ends where memory ends: whoever touches the byte behind it crashes.
 */
#ifndef OPENICMP_TESTS_WIN_SUPPORT_GUARDED_H
#define OPENICMP_TESTS_WIN_SUPPORT_GUARDED_H

#include <stdbool.h>
#include <winsock2.h>
#include <windows.h>

/* What the memory and the rest of its pages are filled with. */
#define GUARDED_FILL 0xa5

struct guarded {
    BYTE *bytes; /* the memory; its last byte is the last of a page, and the next page cannot be accessed */
    size_t length;
    BYTE *pages;
    size_t pages_bytes; /* without the last one */
};

/* Memory of `length` bytes, which may be 0. Free it with guarded_free. Asserts. */
struct guarded guarded_alloc(size_t length);
void guarded_free(struct guarded *guarded);

/* Forgets what was written: fills everything again. */
void guarded_reset(struct guarded *guarded);
/* The same memory, but `length` bytes of it, which is no more than it was allocated with. */
void guarded_resize(struct guarded *guarded, size_t length);
/* Takes away the right to write to it. Asserts. */
void guarded_make_read_only(struct guarded *guarded);

/* Whether everything in front of the memory is as it was filled. */
bool guarded_front_is_intact(const struct guarded *guarded);
/* Whether the memory's bytes from `from` on, and those in front of it, are as they were filled. */
bool guarded_is_intact_from(const struct guarded *guarded, size_t from);

#endif
