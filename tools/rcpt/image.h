/* The records of a CDB, in their order. */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "cdbfile.h"
#include "file.h"
#include "job.h"
#include "span.h"
#include "status.h"

/* Without records if all is zero. */
struct image {
	struct file file;
	struct cdbfile cdb;
	size_t records;
};

enum image_result {
	IMAGE_READ,
	IMAGE_DAMAGED, /* not a CDB, or not whole */
	IMAGE_FAILED,  /* a message was given, or a signal came */
};

/* Reads the CDB behind a descriptor, from where it stands. */
enum image_result image_read(struct image *, int fd, const char *name,
    struct job *);

/* The same by name, with a message whatever is wrong. Returns STATUS_OK or
 * STATUS_TROUBLE. */
enum status image_load(struct image *, const char *path, struct job *);

/* Goes through the records: *at starts as 0 and is moved on; false behind the
 * last. Of several with one key only the first is ever looked up. */
bool image_next(const struct image *, size_t *at, struct span *key,
    struct span *data);

void image_free(struct image *);

#endif
