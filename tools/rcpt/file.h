/* A file read into memory. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>

#include "job.h"
#include "span.h"

/* Reads fd to its end, from where it stands. False, with a message unless a
 * signal came, if that fails. The octets are the caller's to free. */
bool file_read(int fd, const char *name, struct job *, struct span *octets);

void file_free(struct span *);

#endif
