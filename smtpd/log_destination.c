#include "log_destination.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define SYSLOG_SOCKET "/dev/log"

/* systemd.exec(5): device and inode number, in decimal, with a colon. */
static bool
is_journal_stream(const struct stat *status, const char *journal_stream)
{
	char buffer[48];
	struct text name = TEXT_IN(buffer);

	if (journal_stream == NULL)
		return false;
	text_put_number(&name, status->st_dev);
	text_put_char(&name, ':');
	text_put_number(&name, status->st_ino);
	return span_equal(text_span(&name), span_of(journal_stream));
}

static bool
is_same(int fd, const struct stat *status)
{
	struct stat other;

	return fstat(fd, &other) == 0 && other.st_dev == status->st_dev &&
	    other.st_ino == status->st_ino;
}

/* As inetd leaves it: stderr is the client's. A terminal is everybody's. */
static bool
is_connection(const struct stat *status)
{
	if (!S_ISSOCK(status->st_mode) && !S_ISFIFO(status->st_mode))
		return false;
	return is_same(STDIN_FILENO, status) || is_same(STDOUT_FILENO, status);
}

static int
connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct text text = TEXT_IN(address.sun_path);
	int fd;

	text_put(&text, path);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
	    -1) {
		close(fd);
		return -1;
	}
	return fd;
}

void
log_destination_open(struct log_destination *destination,
    const char *journal_stream)
{
	struct stat status;

	*destination = (struct log_destination){ .to = LOG_TO_STDERR,
		.fd = STDERR_FILENO };
	if (fstat(STDERR_FILENO, &status) == -1 || is_connection(&status)) {
		destination->fd = connect_to(SYSLOG_SOCKET);
		destination->to = destination->fd == -1 ? LOG_TO_NOTHING
							: LOG_TO_SYSLOG;
		destination->pid = getpid();
	} else if (is_journal_stream(&status, journal_stream)) {
		int fd = connect_to(JOURNAL_SOCKET);

		if (fd == -1)
			return;
		destination->fd = fd;
		destination->to = LOG_TO_JOURNAL;
	}
}

/* Whether a write of at most PIPE_BUF octets will not wait. O_NONBLOCK is no
 * way: it would be set for everybody who has this stderr. */
static bool
takes_output(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

	return poll(&poll_fd, 1, 0) == 1 && poll_fd.revents == POLLOUT;
}

void
log_destination_write(const struct log_destination *destination,
    struct span record)
{
	ssize_t written = 0;

	switch (destination->to) {
	case LOG_TO_NOTHING:
		break;
	case LOG_TO_JOURNAL:
	case LOG_TO_SYSLOG:
		written = send(destination->fd, record.data, record.length,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		break;
	case LOG_TO_STDERR:
		if (takes_output(destination->fd))
			written = write(destination->fd, record.data,
			    record.length);
		break;
	}
	(void)written;
}
