/* Memory for a tool that cannot go on without it. */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

/* As realloc(3) for count things; ends the program if there is none. */
void *memory_resize(void *, size_t count, size_t size);

/* Octets that are given up all together. */
struct memory_chunk;
struct memory_pool {
	struct memory_chunk *last;
	size_t left; /* octets free in it */
};

/* A copy of a in the pool, with b behind it. */
char *memory_copy(struct memory_pool *, const void *a, size_t a_length,
    const void *b, size_t b_length);
void memory_free(struct memory_pool *);

#endif
