#include "memory.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

#define CHUNK_SIZE ((size_t)1 << 20)

struct memory_chunk {
	struct memory_chunk *previous;
	size_t size;
	char octets[];
};

void *
memory_resize(void *old, size_t count, size_t size)
{
	void *new = reallocarray(old, count, size);

	if (new == NULL)
		err(STATUS_TROUBLE, NULL);
	return new;
}

char *
memory_copy(struct memory_pool *p, const void *a, size_t a_length,
    const void *b, size_t b_length)
{
	size_t length = a_length + b_length;
	char *copy;

	if (length > p->left) {
		size_t size = length > CHUNK_SIZE ? length : CHUNK_SIZE;
		struct memory_chunk *chunk = memory_resize(NULL, 1,
		    sizeof(*chunk) + size);

		chunk->previous = p->last;
		chunk->size = size;
		p->last = chunk;
		p->left = size;
	}
	copy = p->last->octets + (p->last->size - p->left);
	p->left -= length;
	if (a_length > 0)
		memcpy(copy, a, a_length);
	if (b_length > 0)
		memcpy(copy + a_length, b, b_length);
	return copy;
}

void
memory_free(struct memory_pool *p)
{
	while (p->last != NULL) {
		struct memory_chunk *chunk = p->last;

		p->last = chunk->previous;
		free(chunk);
	}
	p->left = 0;
}
