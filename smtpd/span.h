/*
 * A run of octets that somebody else owns. Input is never a C string: it may
 * hold NUL.
 */
#ifndef SPAN_H
#define SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *data;
	size_t length;
};

static inline struct span
span_of(const char *string)
{
	return (struct span){ string, strlen(string) };
}

static inline bool
span_equal(struct span a, struct span b)
{
	return a.length == b.length &&
	    (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* As span_equal, with ASCII letters in either case. */
static inline bool
span_equal_nocase(struct span a, struct span b)
{
	return a.length == b.length &&
	    (a.length == 0 || strncasecmp(a.data, b.data, a.length) == 0);
}

/* Without the first n octets; n is at most the length. */
static inline struct span
span_from(struct span s, size_t n)
{
	return (struct span){ s.data + n, s.length - n };
}

/* Without the spaces and tabs at both ends. */
static inline struct span
span_trim(struct span s)
{
	while (s.length > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = span_from(s, 1);
	while (s.length > 0 &&
	    (s.data[s.length - 1] == ' ' || s.data[s.length - 1] == '\t'))
		s.length--;
	return s;
}

#endif
