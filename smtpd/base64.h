/* Base 64 (RFC 4648, 4). Pure. */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"
#include "text.h"

/* Characters that so many octets become. */
#define BASE64_LENGTH(octets) (((octets) + 2) / 3 * 4)

/*
 * Decodes text that is one encoding of its octets, the only one: groups of
 * four, padded at the end, no other characters (RFC 4648, 3.1 to 3.3) and no
 * bits set behind the last octet (3.5). Nothing is one of nothing.
 * Returns false if it is none, or its octets are more than size.
 */
bool base64_decode(struct span text, char *octets, size_t size, size_t *length);

/* Appends the encoding. What does not fit is left out group by group; the
 * overflow tells. */
void base64_encode(struct text *, struct span octets);

#endif
