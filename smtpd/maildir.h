/*
 * Maildirs below a root, opened and made without ever following a symbolic link
 * or leaving the root; and what the Maildir delivery keeps.
 */
#ifndef MAILDIR_H
#define MAILDIR_H

#include <stdbool.h>

#include "maildir_file.h"
#include "maildir_path.h"

struct maildir {
	int tmp; /* -1: somebody else's now */
	int new;
};

/*
 * Opens tmp and new of the Maildir at a path below the root. It is made, with
 * the directories on the way, if it is not there or not complete, and is then
 * on stable storage.
 * Returns 0, or -1 with errno and nothing open.
 */
int maildir_open(struct maildir *, int root, const struct maildir_path *);

void maildir_close(struct maildir *);

struct maildir_delivery {
	int root;
	int error;	     /* errno of opening the root */
	const char *pattern; /* of the paths below it */
	bool shared;	     /* one Maildir for everybody */
	struct maildir_namer namer;

	/* The message that is under way. */
	struct maildir first;	  /* the first recipient's */
	struct maildir_path path; /* of the Maildir in hand */
	struct maildir_file file;
};

#endif
