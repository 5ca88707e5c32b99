/* A file read into memory. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>

#include "job.h"
#include "span.h"

struct file {
	char *octets;
	size_t length;
};

/* Reads fd to its end, from where it stands. False, with a message unless a
 * signal came, if that fails; there is nothing to free then. */
bool file_read(int fd, const char *name, struct job *, struct file *);

void file_free(struct file *);

static inline struct span
file_span(const struct file *f)
{
	return (struct span){ f->octets, f->length };
}

#endif
