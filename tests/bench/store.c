/*
 * The least that putting messages into a Maildir takes: each is written,
 * fsynced, linked to its place, unlinked from where it was written, and the
 * directory is fsynced.
 *
 * Usage: store DIRECTORY COUNT OCTETS
 * Prints seconds.
 */
#include <sys/stat.h>

#include "connection.h"
#include "text.h"
#include <fcntl.h>

#define CHUNK 65536

static void
put(int tmp, int new, const char *name, const char *text, size_t length)
{
	int fd = openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (fd == -1)
		err(1, "%s", name);
	while (length > 0) {
		size_t part = length < CHUNK ? length : CHUNK;

		if (write(fd, text, part) != (ssize_t)part)
			err(1, "write");
		text += part;
		length -= part;
	}
	if (fsync(fd) == -1 || linkat(tmp, name, new, name, 0) == -1 ||
	    fsync(new) == -1 || unlinkat(tmp, name, 0) == -1)
		err(1, "%s", name);
	close(fd);
}

int
main(int argc, char **argv)
{
	char name[32];
	size_t length;
	char *text;
	double begin;
	int tmp, new;

	if (argc != 4)
		errx(2, "usage: store DIRECTORY COUNT OCTETS");
	if (chdir(argv[1]) == -1 || mkdir("tmp", 0700) == -1 ||
	    mkdir("new", 0700) == -1 ||
	    (tmp = open("tmp", O_RDONLY | O_DIRECTORY)) == -1 ||
	    (new = open("new", O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "%s", argv[1]);
	text = text_make(strtoul(argv[3], NULL, 10), "\n", "", &length);
	begin = seconds_now();
	for (long i = atol(argv[2]); i > 0; i--) {
		snprintf(name, sizeof(name), "%ld", i);
		put(tmp, new, name, text, length);
	}
	printf("%.6f\n", seconds_now() - begin);
	free(text);
	return 0;
}
