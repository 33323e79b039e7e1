/*
 * Keeps answers in a list, and finds responders in a hash table.
 */
#include "echo/collection.h"

#include "os/os.h"

#include <string.h>

/* As many as the Reserved member of ICMP_ECHO_REPLY can count. */
#define ANSWERS_MAX UINT16_MAX

struct collected {
    struct table_entry responder; /* in collection->responders; the key is the IPv4 address */
    struct collected *next;
    struct echo_answer answer; /* its pointers lead into: */
    uint8_t bytes[];
};

struct collection {
    struct table responders;
    struct collected *first; /* in the order in which they came */
    struct collected *last;
    size_t reply_bytes;
    size_t used_bytes;
    size_t echo_bytes; /* what an echo reply takes that carries the request's data */
};

struct collection *collection_new(size_t reply_bytes, size_t data_bytes)
{
    struct collection *collection = os_alloc(sizeof(*collection));
    if (collection != NULL) {
        const struct echo_answer echo = {.responder = {.family = IP_FAMILY_V4}, .data_bytes = data_bytes};
        collection->reply_bytes = reply_bytes;
        collection->echo_bytes = reply_bytes_of(&echo);
    }
    return collection;
}

void collection_free(struct collection *collection)
{
    if (collection == NULL) {
        return;
    }
    table_clear(&collection->responders, NULL);
    while (collection->first != NULL) {
        struct collected *first = collection->first;
        collection->first = first->next;
        os_free(first);
    }
    os_free(collection);
}

/* A copy of an answer with what it points to. NULL without memory. */
static struct collected *copy_of(const struct echo_answer *answer)
{
    struct collected *copy = os_alloc(sizeof(*copy) + answer->options_bytes + answer->data_bytes);
    if (copy == NULL) {
        return NULL;
    }
    copy->responder.key = ip_address_to_v4(&answer->responder);
    copy->answer = *answer;
    copy->answer.options = copy->bytes;
    copy->answer.data = copy->bytes + answer->options_bytes;
    if (answer->options_bytes > 0) {
        memcpy(copy->bytes, answer->options, answer->options_bytes);
    }
    if (answer->data_bytes > 0) {
        memcpy(copy->bytes + answer->options_bytes, answer->data, answer->data_bytes);
    }
    return copy;
}

static bool append(struct collection *collection, const struct echo_answer *answer)
{
    struct collected *copy = copy_of(answer);
    if (copy == NULL) {
        return false;
    }
    if (!table_insert(&collection->responders, &copy->responder)) {
        os_free(copy);
        return false;
    }
    if (collection->first == NULL) {
        collection->first = copy;
    } else {
        collection->last->next = copy;
    }
    collection->last = copy;
    collection->used_bytes += reply_bytes_of(answer);
    return true;
}

bool collection_add(struct collection *collection, const struct echo_answer *answer)
{
    if (table_find(&collection->responders, ip_address_to_v4(&answer->responder)) != NULL) {
        return true;
    }
    size_t room = collection->reply_bytes - collection->used_bytes;
    struct echo_answer fitting = reply_cut_to_fit(answer, room);
    return reply_bytes_of(&fitting) <= room && append(collection, &fitting) &&
           collection->reply_bytes - collection->used_bytes >= collection->echo_bytes &&
           collection->responders.count < ANSWERS_MAX;
}

uint32_t collection_count(const struct collection *collection)
{
    return collection != NULL ? (uint32_t)collection->responders.count : 0;
}

void collection_visit(const struct collection *collection,
                      void (*visit)(const struct echo_answer *answer, const void *context),
                      const void *context)
{
    for (const struct collected *one = collection->first; one != NULL; one = one->next) {
        visit(&one->answer, context);
    }
}

void collection_times(const struct collection *collection, uint64_t *times_ns)
{
    for (const struct collected *one = collection->first; one != NULL; one = one->next) {
        *times_ns++ = one->answer.round_trip_ns;
    }
}

size_t collection_bytes(const struct collection *collection)
{
    return collection->responders.count == 1 ? collection->used_bytes : collection->reply_bytes;
}

void collection_write(const struct collection *collection, void *buffer, uint16_t reserved)
{
    if (collection->responders.count == 1) {
        reply_write(buffer, collection->reply_bytes, &collection->first->answer, reserved);
        return;
    }
    uint8_t *structure = buffer;
    uint8_t *rest = structure + collection->reply_bytes;
    for (const struct collected *one = collection->first; one != NULL; one = one->next) {
        rest -= reply_bytes_of(&one->answer) - sizeof(ICMP_ECHO_REPLY);
        reply_place(structure, rest, &one->answer, one == collection->first ? reserved : 0);
        structure += sizeof(ICMP_ECHO_REPLY);
    }
}
