/* A CDB as a table of its records. */
#ifndef IMAGE_H
#define IMAGE_H

#include "job.h"
#include "status.h"
#include "table.h"

enum image_result {
	IMAGE_READ,
	IMAGE_DAMAGED, /* not a CDB, or not whole */
	IMAGE_FAILED,  /* a message was given, or a signal came */
};

/* Reads the CDB behind a descriptor, from where it stands, into an empty table.
 * Of several records with one key only the first is ever found, and only that
 * one is taken. */
enum image_result image_read(int fd, const char *name, struct job *,
    struct table *);

/* The same by name, with a message whatever is wrong. Returns STATUS_OK or
 * STATUS_TROUBLE. */
enum status image_load(const char *path, struct job *, struct table *);

#endif
