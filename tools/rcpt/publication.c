#include "publication.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_TRIED_AGAIN 50 /* milliseconds */

static bool
complain(const struct publication *p, const char *what)
{
	warn("%s: %s", p->path, what);
	return false;
}

/* Opens the directory of a file and keeps the file's name. */
static bool
open_directory(struct publication *p, char *file)
{
	char *slash = strrchr(file, '/');
	const char *name = slash == NULL ? file : slash + 1;
	const char *directory = slash == NULL ? "."
	    : slash == file		      ? "/"
					      : file;
	int length = snprintf(p->new_name, sizeof(p->new_name), ".%s.new",
	    name);

	if (*name == '\0' || length >= (int)sizeof(p->new_name)) {
		errno = *name == '\0' ? EISDIR : ENAMETOOLONG;
		return complain(p, "cannot be a file");
	}
	strcpy(p->name, name);
	if (slash != NULL && slash != file)
		*slash = '\0';
	p->directory = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return p->directory != -1 || complain(p, "cannot open its directory");
}

/* Follows a symbolic link, so that it is not the link that is replaced. */
static bool
find_place(struct publication *p)
{
	struct stat status;
	char *file = realpath(p->path, NULL);
	bool found;

	if (file == NULL && errno == ENOENT && lstat(p->path, &status) == -1 &&
	    errno == ENOENT)
		file = strdup(p->path);
	if (file == NULL)
		return complain(p, "cannot find it");
	found = open_directory(p, file);
	free(file);
	return found;
}

enum lock_result { LOCK_OURS, LOCK_BUSY, LOCK_GONE, LOCK_FAILED };

/* The new file is ours if it can be locked and still has its name: who had it
 * before may have given it another or removed it. */
static enum lock_result
lock_new(struct publication *p)
{
	struct stat ours, named;

	p->fd = openat(p->directory, p->new_name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (p->fd == -1 || fstat(p->fd, &ours) == -1)
		return LOCK_FAILED;
	if (!S_ISREG(ours.st_mode)) {
		errno = EEXIST;
		return LOCK_FAILED;
	}
	if (flock(p->fd, LOCK_EX | LOCK_NB) == -1)
		return errno == EWOULDBLOCK ? LOCK_BUSY : LOCK_FAILED;
	if (fstatat(p->directory, p->new_name, &named, AT_SYMLINK_NOFOLLOW) ==
		-1 ||
	    named.st_ino != ours.st_ino || named.st_dev != ours.st_dev)
		return LOCK_GONE;
	return LOCK_OURS;
}

static bool
begin_new(struct publication *p, struct job *job)
{
	bool told = false;

	for (;;) {
		enum lock_result result = lock_new(p);

		if (result == LOCK_OURS)
			return true;
		if (result == LOCK_FAILED)
			complain(p, "cannot write beside it");
		if (p->fd != -1)
			close(p->fd);
		p->fd = -1;
		if (result == LOCK_FAILED)
			return false;
		if (result == LOCK_BUSY && !told)
			warnx("%s: waiting for another build", p->path);
		told |= result == LOCK_BUSY;
		if (!job_wait(job, -1,
			result == LOCK_BUSY ? LOCK_TRIED_AGAIN : 0))
			return false;
	}
}

static bool
open_old(struct publication *p)
{
	struct stat status;

	p->old = openat(p->directory, p->name,
	    O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (p->old == -1)
		return errno == ENOENT || complain(p, "cannot read it");
	if (fstat(p->old, &status) == -1)
		return complain(p, "cannot read it");
	if (!S_ISREG(status.st_mode)) {
		warnx("%s: not a regular file", p->path);
		return false;
	}
	return true;
}

/* One that was killed may have left something in it. */
static bool
empty_new(struct publication *p)
{
	return ftruncate(p->fd, 0) == 0 ||
	    complain(p, "cannot write beside it");
}

bool
publication_start(struct publication *p, const char *path, struct job *job)
{
	*p = (struct publication){ .path = path,
		.directory = -1,
		.fd = -1,
		.old = -1 };
	if (find_place(p) && begin_new(p, job) && empty_new(p) && open_old(p))
		return true;
	publication_end(p);
	return false;
}

bool
publication_old_is_empty(const struct publication *p)
{
	struct stat status;

	return fstat(p->old, &status) == 0 && status.st_size == 0;
}

/* Mode and owner of the old file; without one, what any new file gets. */
static bool
dress(struct publication *p)
{
	struct stat old, new;
	mode_t mask;

	if (p->old == -1) {
		mask = umask(0);
		umask(mask);
		return fchmod(p->fd, 0666 & ~mask) == 0 ||
		    complain(p, "cannot set its mode");
	}
	if (fstat(p->old, &old) == -1 || fstat(p->fd, &new) == -1)
		return complain(p, "cannot read its mode");
	if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
	    fchown(p->fd, old.st_uid, old.st_gid) == -1)
		return complain(p, "cannot keep its owner");
	return fchmod(p->fd, old.st_mode & 07777) == 0 ||
	    complain(p, "cannot keep its mode");
}

bool
publication_sync(struct publication *p)
{
	return dress(p) &&
	    (fsync(p->fd) == 0 || complain(p, "cannot make it durable"));
}

bool
publication_commit(struct publication *p)
{
	if (renameat(p->directory, p->new_name, p->directory, p->name) == -1)
		return complain(p, "cannot replace it");
	close(p->fd);
	p->fd = -1;
	return fsync(p->directory) == 0 ||
	    complain(p, "is in place, but perhaps not after a power failure");
}

void
publication_end(struct publication *p)
{
	if (p->fd != -1) {
		unlinkat(p->directory, p->new_name, 0);
		close(p->fd);
	}
	if (p->old != -1)
		close(p->old);
	if (p->directory != -1)
		close(p->directory);
	p->fd = p->old = p->directory = -1;
}
