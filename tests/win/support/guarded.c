/*
 * Memory in front of a page that cannot be accessed.
 */
#include "win/support/guarded.h"

#include "support/cmocka_main.h"

#define PAGE_BYTES 4096u

struct guarded guarded_alloc(size_t length)
{
    struct guarded guarded = {.length = length};
    DWORD old;

    /* One page more than needed, so that there is always something in front. */
    guarded.pages_bytes = (length / PAGE_BYTES + 2) * PAGE_BYTES;
    guarded.pages =
        VirtualAlloc(NULL, guarded.pages_bytes + PAGE_BYTES, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    assert_non_null(guarded.pages);
    assert_true(VirtualProtect(guarded.pages + guarded.pages_bytes, PAGE_BYTES, PAGE_NOACCESS, &old));
    guarded.bytes = guarded.pages + guarded.pages_bytes - length;
    guarded_reset(&guarded);
    return guarded;
}

void guarded_free(struct guarded *guarded)
{
    VirtualFree(guarded->pages, 0, MEM_RELEASE);
    *guarded = (struct guarded){0};
}

void guarded_reset(struct guarded *guarded)
{
    memset(guarded->pages, GUARDED_FILL, guarded->pages_bytes);
}

void guarded_resize(struct guarded *guarded, size_t length)
{
    guarded->length = length;
    guarded->bytes = guarded->pages + guarded->pages_bytes - length;
}

void guarded_make_read_only(struct guarded *guarded)
{
    DWORD old;

    assert_true(VirtualProtect(guarded->pages, guarded->pages_bytes, PAGE_READONLY, &old));
}

static bool is_filled(const BYTE *from, const BYTE *to)
{
    while (from < to && *from == GUARDED_FILL) {
        from++;
    }
    return from == to;
}

bool guarded_front_is_intact(const struct guarded *guarded)
{
    return is_filled(guarded->pages, guarded->bytes);
}

bool guarded_is_intact_from(const struct guarded *guarded, size_t from)
{
    return guarded_front_is_intact(guarded) &&
           is_filled(guarded->bytes + from, guarded->bytes + guarded->length);
}
