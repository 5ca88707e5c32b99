/* What becomes of the recipients when a new CDB takes the place of an old
 * one. */
#ifndef COMPARISON_H
#define COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "image.h"
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

/* Compares, marks what the old one has as seen, and prints every difference as
 * a line to "lines" if that is not NULL. False if a signal came. */
bool comparison_make(struct comparison *, const struct image *old,
    struct table *new, struct job *, FILE *lines);

#endif
