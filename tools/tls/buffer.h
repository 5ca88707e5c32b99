/* What was read from one side and is still to be written to the other. */
#ifndef BUFFER_H
#define BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A whole record (RFC 8446, 5.1): none stays in the library, where poll does
 * not see it. */
#define BUFFER_SIZE 16384

struct buffer {
	size_t start, end;
	unsigned char *octets; /* BUFFER_SIZE */
};

static inline bool
buffer_is_empty(const struct buffer *b)
{
	return b->start == b->end;
}

/* The first octets are what there is from now on. */
static inline void
buffer_fill(struct buffer *b, size_t length)
{
	b->start = 0;
	b->end = length;
}

/* It may be a password. */
static inline void
buffer_take(struct buffer *b, size_t length)
{
	explicit_bzero(b->octets + b->start, length);
	b->start += length;
}

#endif
