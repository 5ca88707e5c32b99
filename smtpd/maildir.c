#include "maildir.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int
open_directory(int at, const char *name, int access)
{
	return openat(at, name, access | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* As close(2), but errno stays. */
static void
close_quietly(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
}

/* Makes a directory unless it is there. */
static int
make_directory(int at, const char *name)
{
	return mkdirat(at, name, 0700) == 0 || errno == EEXIST ? 0 : -1;
}

/* Whoever finds new can rely on all the rest: it is made when that is on
 * stable storage, and not before. */
static int
make_parts(int maildir)
{
	if (make_directory(maildir, "tmp") != 0 ||
	    make_directory(maildir, "cur") != 0 || fsync(maildir) != 0 ||
	    make_directory(maildir, "new") != 0)
		return -1;
	return fsync(maildir);
}

static int
make(int root, const struct maildir_path *path)
{
	const char *name = NULL;
	int at = root;
	int result;

	while ((name = maildir_path_next(path, name)) != NULL) {
		int next = -1;

		/* Even if it was there: who made it may not have come to the
		 * fsync. */
		if (make_directory(at, name) == 0 && fsync(at) == 0)
			next = open_directory(at, name, O_RDONLY);
		if (at != root)
			close_quietly(at);
		if (next < 0)
			return -1;
		at = next;
	}
	result = make_parts(at);
	close_quietly(at);
	return result;
}

/* Returns a descriptor of the Maildir, or -1 with errno. */
static int
descend(int root, const struct maildir_path *path)
{
	const char *name = NULL;
	int at = root;

	while ((name = maildir_path_next(path, name)) != NULL) {
		int next = open_directory(at, name, O_PATH);

		if (at != root)
			close_quietly(at);
		if (next < 0)
			return -1;
		at = next;
	}
	return at;
}

static int
open_parts(struct maildir *m, int root, const struct maildir_path *path)
{
	int at = descend(root, path);

	if (at < 0)
		return -1;
	m->tmp = open_directory(at, "tmp", O_PATH);
	/* To be read, as only such a directory can be synced. */
	m->new = m->tmp < 0 ? -1 : open_directory(at, "new", O_RDONLY);
	close_quietly(at);
	if (m->new >= 0)
		return 0;
	if (m->tmp >= 0)
		close_quietly(m->tmp);
	return -1;
}

int
maildir_open(struct maildir *m, int root, const struct maildir_path *path)
{
	if (open_parts(m, root, path) == 0)
		return 0;
	if (errno != ENOENT || make(root, path) != 0)
		return -1;
	return open_parts(m, root, path);
}

void
maildir_close(struct maildir *m)
{
	if (m->tmp >= 0)
		close_quietly(m->tmp);
	close_quietly(m->new);
}
