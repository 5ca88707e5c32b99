/* What becomes of the recipients when one table takes the place of another. */
#ifndef COMPARISON_H
#define COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "job.h"
#include "table.h"

/* Records of domains are not counted: they follow from the others. */
struct comparison {
	size_t added;
	size_t removed;
	size_t changed;
	size_t accepted; /* in the old one */
	size_t shut_out; /* accepted in the old one, not in the new one */
};

/* Compares two tables, and prints every difference as a line to "lines" if
 * that is not NULL. False if a signal came. */
bool comparison_make(struct comparison *, const struct table *old,
    const struct table *new, struct job *, FILE *lines);

#endif
