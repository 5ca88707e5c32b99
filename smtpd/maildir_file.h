/* A message as a file in the tmp of a Maildir, until it is linked to new. */
#ifndef MAILDIR_FILE_H
#define MAILDIR_FILE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"
#include "text.h"

#define MAILDIR_FILE_BUFFER 65536

struct maildir_file {
	int fd;
	int error;		/* errno of the first failure, 0 if none */
	uint64_t written;	/* octets handed to the kernel so far */
	uint64_t started;	/* of these, how many it was told to write */
	size_t buffered;
	char buffer[MAILDIR_FILE_BUFFER];
};

/* What makes a file name unique (Maildir specification: time, Musec, Ppid, Qn,
 * Rrandom, host). */
struct maildir_namer {
	const char *hostname;
	uint64_t pid;
	uint64_t random;
	uint64_t count;		/* of names made */
};

/* The hostname must outlive the namer. */
void maildir_namer_start(struct maildir_namer *, const char *hostname);

/* A name that no other delivery has, at most NAME_MAX octets. */
void maildir_namer_write(struct maildir_namer *, struct text *);

/* Makes an empty file in a directory, readable for its owner alone. */
void maildir_file_create(struct maildir_file *, int directory,
    const char *name);

/* Appends octets. Nothing is done once there is an error. */
void maildir_file_write(struct maildir_file *, struct span);

/* Puts all of it on stable storage. */
void maildir_file_sync(struct maildir_file *);

/* Writes all of it, once synced, to a new file on stable storage.
 * Returns 0, or -1 with errno and no new file. */
int maildir_file_copy(struct maildir_file *, int directory, const char *name);

void maildir_file_close(struct maildir_file *);

#endif
