/*
 * Where a recipient's Maildir lies below the root: a pattern with %d for the
 * domain, %l for the local part and %% for "%". Pure.
 *
 * Both parts are in ASCII small letters, as the keys of the recipient CDB are.
 * Octets that are not safe in a file name become %XX, so that two recipients
 * never share a Maildir unless the pattern says so.
 */
#ifndef MAILDIR_PATH_H
#define MAILDIR_PATH_H

#include <stddef.h>

#include "address.h"

#define MAILDIR_PATTERN_MAX 255
#define MAILDIR_PLACEHOLDERS_MAX 4
/* Room for every octet of every placeholder as %XX. */
#define MAILDIR_PATH_SIZE 4096

/* The names of the directories on the way, each ended by a NUL. There is at
 * least one; none is "..", and "." is alone. */
struct maildir_path {
	size_t length;
	char names[MAILDIR_PATH_SIZE];
};

/* NULL if the pattern can be used, else the reason. */
const char *maildir_pattern_check(const char *pattern);

/*
 * The way for a recipient with a domain, by a pattern that was checked.
 *
 * A name that would be too long for the file system is cut into names of 254
 * octets and a "%", each the directory of the next.
 */
void maildir_path_write(struct maildir_path *, const char *pattern,
    const struct address *);

/* The name behind one of them, NULL behind the last; begin with NULL. */
const char *maildir_path_next(const struct maildir_path *, const char *name);

#endif
