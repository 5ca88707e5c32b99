/* One line of a source. Pure: octets in, a record or an error out. */
#ifndef LINE_H
#define LINE_H

#include <stddef.h>

#include "entry.h"
#include "recipients.h"
#include "span.h"

/* The record that a line makes. */
struct line {
	size_t column; /* where the entry starts */
	size_t key_length;
	size_t data_length;
	char key[RECIPIENTS_KEY_MAX + 1];
	char data[ENTRY_DATA_MAX + 1];
};

struct line_fault {
	size_t column; /* in octets, from 1 */
	const char *what;
};

enum line_result {
	LINE_EMPTY, /* blank, or only a comment */
	LINE_ENTRY,
	LINE_FAULTY,
};

/* Parses a line without its LF; a CR at its end is ignored. */
enum line_result line_parse(struct span text, struct line *,
    struct line_fault *);

#endif
