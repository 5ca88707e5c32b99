/* Text inside a parameter of MAIL or RCPT (RFC 3461, 4). Pure. */
#ifndef XTEXT_H
#define XTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

/*
 * Decodes xtext: "+" and two digits, 0 to 9 and A to F, stand for an octet, all
 * else but "=" and what is not visible for itself.
 * Returns false if it is none, or its octets are more than size.
 */
bool xtext_decode(struct span text, char *octets, size_t size, size_t *length);

#endif
