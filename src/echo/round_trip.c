/*
 * Small sets of buffers, of which each address belongs to one; in each, the buffer that came first is forgotten first.
 */
#include "echo/round_trip.h"

#include "echo/reply.h"
#include "os/os.h"

#include <string.h>

/* What openicmp.h promises of OpenIcmpRoundTripTimes: at least so many buffers, */
#define SET_BUFFERS 64
/* and this many times that if their addresses spread evenly. */
#define SETS 256

/* How a reply buffer begins. */
union beginning {
    ICMP_ECHO_REPLY v4;
    ICMPV6_ECHO_REPLY v6;
    uint8_t bytes[1];
};

struct remembered {
    union beginning beginning; /* Reserved is 0 */
    enum ip_family family;
    size_t count;
    uint64_t time_ns;   /* of the only reply, */
    uint64_t *times_ns; /* or of all */
};

/* What is not used of the buffers costs nothing, not even memory, because it is not looked at. */
static struct set {
    struct os_lock lock;
    size_t used; /* so many of the buffers, from the first on */
    size_t next; /* which of them to forget, when all are */
} sets[SETS];
static struct set_buffers {
    uintptr_t addresses[SET_BUFFERS]; /* apart from the rest, because all are looked at */
    struct remembered remembered[SET_BUFFERS];
} buffers[SETS];

static size_t set_of(const void *reply)
{
    /* Fibonacci hashing: addresses are multiples of something. */
    uint64_t hash = (uintptr_t)reply * 0x9e3779b97f4a7c15ULL;
    return (size_t)(hash >> 32) % SETS;
}

/* What is remembered of it in its set, NULL when nothing is. The set's lock is held. */
static struct remembered *find(size_t set, const void *reply)
{
    for (size_t i = 0; i < sets[set].used; i++) {
        if (buffers[set].addresses[i] == (uintptr_t)reply) {
            return &buffers[set].remembered[i];
        }
    }
    return NULL;
}

/* The place for one that is not in its set. The set's lock is held. */
static struct remembered *make_room(size_t set, const void *reply)
{
    size_t place = sets[set].used;
    if (place < SET_BUFFERS) {
        sets[set].used++;
    } else {
        place = sets[set].next;
        sets[set].next = (place + 1) % SET_BUFFERS;
    }
    buffers[set].addresses[place] = (uintptr_t)reply;
    return &buffers[set].remembered[place];
}

/* Reads it from wherever it lies, as far as it is there. */
static union beginning beginning_of(const void *reply, size_t bytes)
{
    union beginning beginning;
    memset(&beginning, 0, sizeof(beginning));
    memcpy(&beginning, reply, bytes < sizeof(beginning) ? bytes : sizeof(beginning));
    return beginning;
}

/* Whether the first reply is the remembered one, of which `bytes` have been read. */
static bool begins_as(const struct remembered *remembered, union beginning beginning, size_t bytes)
{
    size_t compared = reply_bytes_min(remembered->family);
    if (bytes < compared) {
        return false;
    }
    if (remembered->family == IP_FAMILY_V4) {
        beginning.v4.Reserved = 0; /* IcmpParseReplies has changed it */
    }
    return memcmp(&remembered->beginning, &beginning, compared) == 0;
}

void round_trip_remember(const void *reply, enum ip_family family, uint64_t *times_ns, size_t count)
{
    struct remembered fresh = {
        .beginning = beginning_of(reply, reply_bytes_min(family)),
        .family = family,
        .count = count,
        .time_ns = times_ns[0],
        .times_ns = count > 1 ? times_ns : NULL,
    };
    if (family == IP_FAMILY_V4) {
        fresh.beginning.v4.Reserved = 0;
    }
    size_t set = set_of(reply);
    os_lock_acquire(&sets[set].lock);
    struct remembered *place = find(set, reply);
    place = place != NULL ? place : make_room(set, reply);
    uint64_t *old_times_ns = place->times_ns;
    *place = fresh;
    os_lock_release(&sets[set].lock);
    os_free(old_times_ns);
}

size_t round_trip_reply_bytes_min(void)
{
    return reply_bytes_min(IP_FAMILY_V4) < reply_bytes_min(IP_FAMILY_V6) ? reply_bytes_min(IP_FAMILY_V4)
                                                                         : reply_bytes_min(IP_FAMILY_V6);
}

size_t round_trip_recall(const void *reply, size_t reply_bytes, size_t first, uint64_t *times_ns,
                         size_t capacity)
{
    union beginning beginning = beginning_of(reply, reply_bytes);
    size_t set = set_of(reply);
    size_t count = 0;
    os_lock_acquire(&sets[set].lock);
    const struct remembered *remembered = find(set, reply);
    if (remembered != NULL && begins_as(remembered, beginning, reply_bytes)) {
        count = remembered->count;
        const uint64_t *all_ns = remembered->times_ns != NULL ? remembered->times_ns : &remembered->time_ns;
        for (size_t i = 0; i < capacity && first + i < count; i++) {
            times_ns[i] = all_ns[first + i];
        }
    }
    os_lock_release(&sets[set].lock);
    return count;
}

void round_trip_abandon(void)
{
    for (size_t set = 0; set < SETS; set++) {
        for (size_t i = 0; i < sets[set].used; i++) {
            os_free(buffers[set].remembered[i].times_ns);
            buffers[set].remembered[i] = (struct remembered){0};
        }
        sets[set] = (struct set){0};
    }
}
