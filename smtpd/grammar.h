/*
 * Words of the grammar of RFC 5321, 4.1.2 and 4.1.3, with the characters that
 * RFC 6531, 3.3 adds. Each function returns how many octets at the start of
 * the text make up the longest such word; 0 if none does.
 */
#ifndef GRAMMAR_H
#define GRAMMAR_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"

/* One character outside ASCII in the shortest UTF-8 form (RFC 3629, 4): no
 * surrogate, nothing above U+10FFFF. The control characters U+0080 to U+009F
 * are refused, too: what holds them could not be shown safely. */
size_t grammar_utf8(struct span);

/* Atoms with single dots between them. */
size_t grammar_dot_string(struct span);

/* Labels with single dots between them. An underscore counts as a letter, as
 * there are hosts that have one in their name. */
size_t grammar_domain(struct span);

/* An address literal with its brackets: IPv4, IPv6 or a tag with something
 * behind it. */
size_t grammar_literal(struct span);

/* ASCII alone, whatever the locale. */
static inline bool
grammar_is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

#endif
