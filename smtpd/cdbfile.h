/*
 * Reading a constant database by plain reads: libcdb maps the file, and a
 * mapped file that somebody cuts short kills the process (SIGBUS). Nothing in
 * the file is believed unchecked, and damage is never taken for "not there".
 */
#ifndef CDBFILE_H
#define CDBFILE_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

/* The 256 pairs of position and length that a file starts with. */
#define CDBFILE_HEADER_SIZE 2048
/* The longest key that a look-up can ask for. */
#define CDBFILE_KEY_MAX 1024
/* The errno of damage. */
#define CDBFILE_DAMAGED EILSEQ

struct cdbfile {
	int fd;		    /* -1: closed, or in memory */
	const char *memory; /* all of it; NULL: in the file */
	uint32_t size;
	uint32_t records_end; /* the hash tables follow */
};

enum cdbfile_result {
	CDBFILE_FOUND,
	CDBFILE_ABSENT,
	CDBFILE_FAILED, /* errno tells why */
};

/* Opens a regular file whose header fits its size: one that was cut short, or
 * is empty, is CDBFILE_DAMAGED. Returns 0, or -1 with errno. */
int cdbfile_open(struct cdbfile *, const char *path);

/* The same with a file that was read into memory, which must outlive it. */
int cdbfile_open_memory(struct cdbfile *, struct span image);

void cdbfile_close(struct cdbfile *);

/*
 * Finds the first record of a key. Its data goes to buffer as far as there is
 * room; *length is how long it really is. "Not there" is only said when the
 * hash table that would tell is in order.
 */
enum cdbfile_result cdbfile_find(const struct cdbfile *, struct span key,
    char *buffer, size_t size, size_t *length);

#endif
