/*
 * A message as a file in the tmp of a Maildir, until it is linked to new. There
 * is one copy of it on each file system that it will be linked on, written at
 * the same time: the process need not, and may not, read what is in a Maildir.
 */
#ifndef MAILDIR_FILE_H
#define MAILDIR_FILE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"
#include "text.h"

#define MAILDIR_FILE_BUFFER 32768
#define MAILDIR_FILE_SYSTEMS_MAX 8

struct maildir_file {
	char name[NAME_MAX + 1]; /* the same everywhere */
	int error;		 /* errno of the first failure, 0 if none */
	size_t copies;
	struct {
		int fd;
		int tmp; /* the directory that it is in */
	} copy[MAILDIR_FILE_SYSTEMS_MAX];
	uint64_t written; /* octets handed to the kernel so far */
	uint64_t started; /* of these, how many it was told to write */
	size_t buffered;
	char buffer[MAILDIR_FILE_BUFFER];
};

/* What makes a file name unique (Maildir specification: time, Musec, Ppid, Qn,
 * Rrandom, host). */
struct maildir_namer {
	const char *hostname;
	uint64_t pid;
	uint64_t random;
	uint64_t count; /* of names made */
};

/* The hostname must outlive the namer. */
void maildir_namer_start(struct maildir_namer *, const char *hostname);

/* A name that no other delivery has, at most NAME_MAX octets. */
void maildir_namer_write(struct maildir_namer *, struct text *);

/* Begins a message that is nowhere yet. */
void maildir_file_start(struct maildir_file *, struct maildir_namer *);

/*
 * Sees to it that there is a copy on the file system of a tmp, made in there if
 * need be, readable for its owner alone. The descriptor is then kept, and *tmp
 * becomes -1. All of this comes before the first write.
 * Returns 0, or -1 with errno.
 */
int maildir_file_reach(struct maildir_file *, int *tmp);

/* Appends octets. Nothing is done once there is an error. */
void maildir_file_write(struct maildir_file *, struct span);

/* Puts all of it on stable storage. */
void maildir_file_sync(struct maildir_file *);

/* Links it into a directory, unless it is there already.
 * Returns 0, or -1 with errno. */
int maildir_file_link(const struct maildir_file *, int directory);

/* Removes it from every tmp and closes it. */
void maildir_file_discard(struct maildir_file *);

#endif
