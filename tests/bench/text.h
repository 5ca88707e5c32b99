/* The text of a message. */
#ifndef TEXT_H
#define TEXT_H

#include <err.h>
#include <stdlib.h>
#include <string.h>

#define LINE "The quick brown fox jumps over the lazy dog, again and again."

/* A header and lines of 61 octets and their end, about octets in all, and what
 * ends the message. The caller frees it. */
static inline char *
text_make(size_t octets, const char *line_end, const char *end, size_t *length)
{
	static const char header[] = "Subject: bench";
	size_t room = octets + sizeof(header) + sizeof(LINE) + 16;
	char *text = malloc(room), *at = text;

	if (text == NULL)
		err(1, "malloc");
	at = stpcpy(stpcpy(at, header), line_end);
	at = stpcpy(at, line_end);
	while ((size_t)(at - text) < octets)
		at = stpcpy(stpcpy(at, LINE), line_end);
	at = stpcpy(at, end);
	*length = (size_t)(at - text);
	return text;
}

#endif
