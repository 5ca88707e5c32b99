#include "file.h"

#include <err.h>
#include <errno.h>
#include <stdint.h>
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
file_read(int fd, const char *name, struct job *job, struct span *octets)
{
	size_t room = first_room(fd);
	char *data = memory_resize(NULL, room, 1);
	size_t length = 0;

	for (;;) {
		ssize_t n;

		if (!job_wait(job, fd, -1))
			break;
		n = read(fd, data + length, room - length);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			warn("%s", name);
			break;
		}
		if (n == 0) {
			*octets = (struct span){ data, length };
			return true;
		}
		length += (size_t)n;
		if (length == room) {
			room *= 2;
			data = memory_resize(data, room, 1);
		}
	}
	free(data);
	return false;
}

void
file_free(struct span *octets)
{
	/* Cast through a number: they were not const when they were made. */
	free((void *)(uintptr_t)octets->data);
	*octets = (struct span){ NULL, 0 };
}
