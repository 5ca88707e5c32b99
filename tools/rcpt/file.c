#include "file.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

#define LEAST_ROOM 65536

/* Room for a regular file and the look behind its end, so that it is not moved
 * while it grows. */
static size_t
first_room(int fd)
{
	struct stat status;

	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    status.st_size >= LEAST_ROOM)
		return (size_t)status.st_size + 1;
	return LEAST_ROOM;
}

bool
file_read(int fd, const char *name, struct job *job, struct file *f)
{
	size_t room = first_room(fd);

	*f = (struct file){ memory_resize(NULL, room, 1), 0 };
	while (job_wait(job, fd, -1)) {
		ssize_t n = read(fd, f->octets + f->length, room - f->length);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			warn("%s", name);
			break;
		}
		if (n == 0)
			return true;
		f->length += (size_t)n;
		if (f->length == room) {
			room *= 2;
			f->octets = memory_resize(f->octets, room, 1);
		}
	}
	file_free(f);
	return false;
}

void
file_free(struct file *f)
{
	free(f->octets);
	*f = (struct file){ NULL, 0 };
}
