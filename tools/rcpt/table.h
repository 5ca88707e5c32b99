/* The records of a source or of a CDB, by key and in the order they came. */
#ifndef TABLE_H
#define TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"
#include "span.h"

struct entry {
	const char *octets; /* the key, and the data behind it */
	size_t line;	    /* of the source; 0: not from a line */
	uint32_t key_length;
	uint32_t data_length;
	bool seen; /* the other one of two tables has it */
};

struct slot {
	uint32_t hash;
	uint32_t entry; /* its number from 1; 0: unused */
};

/* Empty if all is zero. */
struct table {
	struct entry *entries;
	size_t count;
	size_t room;
	struct slot *slots;
	unsigned slot_bits; /* there are 2 to the power of it */
	struct memory_pool pool;
};

enum table_result {
	TABLE_NEW,
	TABLE_SAME,	 /* was there, with the same data */
	TABLE_DIFFERENT, /* was there, with other data, and stays so */
};

/* Makes room for so many entries at once. */
void table_reserve(struct table *, size_t count);

/* Puts copies of key and data in; *entry is the one that is there now, valid
 * until the next call. */
enum table_result table_put(struct table *, struct span key, struct span data,
    size_t line, struct entry **entry);

/* NULL if there is none. */
struct entry *table_find(const struct table *, struct span key);

void table_free(struct table *);

static inline struct span
entry_key(const struct entry *e)
{
	return (struct span){ e->octets, e->key_length };
}

static inline struct span
entry_data(const struct entry *e)
{
	return (struct span){ e->octets + e->key_length, e->data_length };
}

#endif
