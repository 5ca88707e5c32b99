#include "table.h"

#include <cdb.h>
#include <err.h>
#include <stdlib.h>

#include "status.h"

#define LEAST_SLOT_BITS 10

/* The hash of a CDB changes little from one key to the next; the golden ratio
 * spreads its bits to the top ones, which are taken. */
static size_t
first_slot(const struct table *t, uint32_t hash)
{
	return (uint32_t)(hash * UINT32_C(2654435769)) >> (32 - t->slot_bits);
}

static size_t
next_slot(const struct table *t, size_t slot)
{
	return (slot + 1) & (((size_t)1 << t->slot_bits) - 1);
}

/* The slot of the key, or the unused one where it belongs. */
static struct slot *
find_slot(const struct table *t, struct span key, uint32_t hash)
{
	for (size_t i = first_slot(t, hash);; i = next_slot(t, i)) {
		struct slot *s = &t->slots[i];

		if (s->entry == 0 ||
		    (s->hash == hash &&
			span_equal(key, entry_key(&t->entries[s->entry - 1]))))
			return s;
	}
}

/* Moves all to a new array of slots. */
static void
set_slots(struct table *t, unsigned bits)
{
	struct slot *old = t->slots;
	size_t old_count = old == NULL ? 0 : (size_t)1 << t->slot_bits;

	if (bits > 31)
		errx(STATUS_TROUBLE, "too many records");
	t->slot_bits = bits;
	t->slots = calloc((size_t)1 << bits, sizeof(*t->slots));
	if (t->slots == NULL)
		err(STATUS_TROUBLE, NULL);
	for (size_t i = 0; i < old_count; i++) {
		size_t to;

		if (old[i].entry == 0)
			continue;
		to = first_slot(t, old[i].hash);
		while (t->slots[to].entry != 0)
			to = next_slot(t, to);
		t->slots[to] = old[i];
	}
	free(old);
}

void
table_reserve(struct table *t, size_t count)
{
	unsigned bits = LEAST_SLOT_BITS;

	while (bits < 31 && (size_t)1 << bits < 2 * count)
		bits++;
	if (t->slots == NULL || bits > t->slot_bits)
		set_slots(t, bits);
}

enum table_result
table_put(struct table *t, struct span key, struct span data, size_t line,
    struct entry **entry)
{
	uint32_t hash = cdb_hash(key.data, (unsigned)key.length);
	struct slot *slot;

	if (t->slots == NULL)
		table_reserve(t, 0);
	else if (t->count * 2 >= (size_t)1 << t->slot_bits)
		set_slots(t, t->slot_bits + 1);
	slot = find_slot(t, key, hash);
	if (slot->entry != 0) {
		*entry = &t->entries[slot->entry - 1];
		return span_equal(data, entry_data(*entry)) ? TABLE_SAME
							    : TABLE_DIFFERENT;
	}
	if (t->count == t->room) {
		t->room = t->room == 0 ? 1024 : 2 * t->room;
		t->entries = memory_resize(t->entries, t->room,
		    sizeof(*t->entries));
	}
	*entry = &t->entries[t->count++];
	**entry = (struct entry){
		.octets = memory_copy(&t->pool, key.data, key.length, data.data,
		    data.length),
		.line = line,
		.key_length = (uint32_t)key.length,
		.data_length = (uint32_t)data.length,
	};
	*slot = (struct slot){ hash, (uint32_t)t->count };
	return TABLE_NEW;
}

struct entry *
table_find(const struct table *t, struct span key)
{
	const struct slot *slot;

	if (t->slots == NULL)
		return NULL;
	slot = find_slot(t, key, cdb_hash(key.data, (unsigned)key.length));
	return slot->entry == 0 ? NULL : &t->entries[slot->entry - 1];
}

void
table_free(struct table *t)
{
	free(t->entries);
	free(t->slots);
	memory_free(&t->pool);
	*t = (struct table){ 0 };
}
