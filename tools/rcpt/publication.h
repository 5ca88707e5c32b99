/*
 * Putting a new file in the place of an old one, so that whoever opens it finds
 * one or the other whole, whatever happens meanwhile. The new one grows beside
 * the old one as ".NAME.new", which is also the lock among those who do it.
 */
#ifndef PUBLICATION_H
#define PUBLICATION_H

#include <limits.h>
#include <stdbool.h>

#include "job.h"

struct publication {
	const char *path; /* as given, for messages */
	int directory;
	int fd;	 /* the new file, for reading, too */
	int old; /* the file in service; -1: none */
	char name[NAME_MAX + 1];
	char new_name[NAME_MAX + 1];
};

/*
 * Opens the old file and begins an empty new one, readable for nobody else. It
 * waits for others that are at it. A symbolic link is followed.
 * False, with a message unless a signal came, if that fails; nothing is left.
 */
bool publication_start(struct publication *, const char *path, struct job *);

/* Whether the old file holds nothing. */
bool publication_old_is_empty(const struct publication *);

/* Gives the new file owner and mode of the old one and makes it durable. False,
 * with a message, if that fails. */
bool publication_sync(struct publication *);

/* Gives the new file the name of the old one, for good. False, with a message,
 * if that fails. */
bool publication_commit(struct publication *);

/* Leaves nothing of it, if it was not committed, and closes all. */
void publication_end(struct publication *);

#endif
