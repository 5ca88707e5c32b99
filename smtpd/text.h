/*
 * Text written into a fixed buffer. What does not fit is left out and the
 * overflow is remembered, so that a writer is judged once, at the end.
 */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

struct text {
	char *data;
	size_t size;   /* octets in the buffer */
	size_t length; /* octets written, always below size */
	bool overflow; /* something was left out */
};

/* Text in an array of char; starts empty. */
#define TEXT_IN(array) ((struct text){ .data = (array), .size = sizeof(array) })

/* Each appends all of its argument or, if it does not fit, nothing. The data
 * is always ended by a NUL that length does not count. */
void text_put(struct text *, const char *string);
void text_put_char(struct text *, char);
void text_put_span(struct text *, struct span);
void text_put_number(struct text *, uint64_t);

/*
 * Appends octets from outside so that they are one printable ASCII word
 * sequence: space to tilde as they are, but backslash and double quote behind
 * a backslash, and every other octet as \xHH. What does not fit is left out
 * between two octets, never inside an escape.
 */
void text_put_escaped(struct text *, struct span);

/* What was written; valid until the next change. */
struct span text_span(const struct text *);

#endif
