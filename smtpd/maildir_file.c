#include "maildir_file.h"

#include <sys/random.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Writing to the disk is begun after so many octets, not all at the end: a
 * large message is then on the disk 13 to 19 % sooner. */
#define WRITE_BEHIND 4194304
/* So many octets at once are written as they are; fewer are gathered. */
#define WORTH_A_WRITE (MAILDIR_FILE_BUFFER / 2)

/* The specification's way to write what cannot stand in a host's name there. */
static void
put_hostname(struct text *name, const char *hostname)
{
	for (; *hostname != '\0'; hostname++) {
		if (*hostname == '/')
			text_put(name, "\\057");
		else if (*hostname == ':')
			text_put(name, "\\072");
		else
			text_put_char(name, *hostname);
	}
}

static void
put_hex(struct text *name, uint64_t number)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		text_put_char(name, "0123456789abcdef"[number >> shift & 15]);
}

void
maildir_namer_start(struct maildir_namer *n, const char *hostname)
{
	n->hostname = hostname;
	n->pid = (uint64_t)getpid();
	n->count = 0;
	n->random = 0;
	/* Time, process and count are unique by themselves on one machine. */
	(void)!getrandom(&n->random, sizeof(n->random), GRND_NONBLOCK);
}

void
maildir_namer_write(struct maildir_namer *n, struct text *name)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	text_put_number(name, (uint64_t)now.tv_sec);
	text_put(name, ".M");
	text_put_number(name, (uint64_t)now.tv_nsec / 1000);
	text_put(name, "P");
	text_put_number(name, n->pid);
	text_put(name, "Q");
	text_put_number(name, ++n->count);
	text_put(name, "R");
	put_hex(name, n->random);
	text_put(name, ".");
	put_hostname(name, n->hostname);
}

void
maildir_file_start(struct maildir_file *f, struct maildir_namer *namer)
{
	struct text name = TEXT_IN(f->name);

	maildir_namer_write(namer, &name);
	f->error = 0;
	f->copies = 0;
	f->written = 0;
	f->started = 0;
	f->buffered = 0;
}

/* Links the copy that is on the directory's file system.
 * Returns 0 or the errno: EXDEV if there is none. */
static int
link_to(const struct maildir_file *f, int directory)
{
	for (size_t i = 0; i < f->copies; i++) {
		if (linkat(f->copy[i].tmp, f->name, directory, f->name, 0) == 0)
			return 0;
		if (errno != EXDEV)
			return errno;
	}
	return EXDEV;
}

static int
add_copy(struct maildir_file *f, int *tmp)
{
	int fd;

	if (f->copies == MAILDIR_FILE_SYSTEMS_MAX) {
		errno = EXDEV;
		return -1;
	}
	fd = openat(*tmp, f->name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	f->copy[f->copies].fd = fd;
	f->copy[f->copies].tmp = *tmp;
	f->copies++;
	*tmp = -1;
	return 0;
}

/* Whether two directories are on one file system is only known by trying: a
 * second mount of the same one counts as another. */
int
maildir_file_reach(struct maildir_file *f, int *tmp)
{
	int error = link_to(f, *tmp);

	if (error == EXDEV)
		return add_copy(f, tmp);
	if (error == 0)
		(void)unlinkat(*tmp, f->name, 0);
	else if (error != EEXIST) {
		errno = error;
		return -1;
	}
	return 0;
}

/* Returns 0 when all was written, or the errno. */
static int
write_all(int fd, const char *data, size_t length)
{
	while (length > 0) {
		ssize_t n = write(fd, data, length);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			data += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

static void
write_out(struct maildir_file *f, const char *data, size_t length)
{
	bool behind;

	f->written += length;
	behind = f->written - f->started >= WRITE_BEHIND;
	for (size_t i = 0; i < f->copies && f->error == 0; i++) {
		int fd = f->copy[i].fd;

		f->error = write_all(fd, data, length);
		/* A file system that cannot do it writes at the fsync. */
		if (behind && f->error == 0)
			(void)sync_file_range(fd, (off_t)f->started,
			    (off_t)(f->written - f->started),
			    SYNC_FILE_RANGE_WRITE);
	}
	if (behind)
		f->started = f->written;
}

static void
flush(struct maildir_file *f)
{
	if (f->buffered > 0)
		write_out(f, f->buffer, f->buffered);
	f->buffered = 0;
}

void
maildir_file_write(struct maildir_file *f, struct span octets)
{
	if (f->error != 0)
		return;
	if (octets.length >= sizeof(f->buffer) - f->buffered)
		flush(f);
	if (octets.length >= WORTH_A_WRITE) {
		flush(f);
		write_out(f, octets.data, octets.length);
		return;
	}
	memcpy(f->buffer + f->buffered, octets.data, octets.length);
	f->buffered += octets.length;
}

void
maildir_file_sync(struct maildir_file *f)
{
	flush(f);
	for (size_t i = 0; i < f->copies && f->error == 0; i++)
		if (fsync(f->copy[i].fd) != 0)
			f->error = errno;
}

int
maildir_file_link(const struct maildir_file *f, int directory)
{
	int error = link_to(f, directory);

	if (error == 0 || error == EEXIST)
		return 0;
	errno = error;
	return -1;
}

void
maildir_file_discard(struct maildir_file *f)
{
	for (size_t i = 0; i < f->copies; i++) {
		(void)unlinkat(f->copy[i].tmp, f->name, 0);
		close(f->copy[i].fd);
		close(f->copy[i].tmp);
	}
	f->copies = 0;
}
