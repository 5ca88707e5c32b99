#include "stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "signals.h"

/* The descriptor on which a hang-up shows. */
static int
watched_fd(const struct stream *s)
{
	return s->is_socket ? s->input_fd : s->output_fd;
}

static void
start(struct stream *s, int input_fd, int output_fd)
{
	s->input_fd = input_fd;
	s->output_fd = output_fd;
	s->broken = false;
	s->start = s->end = s->reached = 0;
	s->output_length = 0;
}

static bool
is_socket(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

void
stream_open(struct stream *s, int input_fd, int output_fd)
{
	start(s, input_fd, output_fd);
	s->is_socket = is_socket(input_fd) && is_socket(output_fd);
	s->through_sigterm = false;
	signals_own(watched_fd(s));
}

struct stream_ends
stream_own_ends(int input_fd, int output_fd)
{
	struct stream_ends ends = { input_fd, output_fd,
		is_socket(input_fd) && is_socket(output_fd) };

	signals_own(ends.are_sockets ? input_fd : output_fd);
	return ends;
}

void
stream_move(struct stream *s, const struct stream_ends *ends)
{
	close(s->input_fd);
	if (s->output_fd != s->input_fd)
		close(s->output_fd);
	start(s, ends->input_fd, ends->output_fd);
	s->is_socket = ends->are_sockets;
}

bool
stream_has_input(const struct stream *s)
{
	struct pollfd readable = { .fd = s->input_fd,
		.events = POLLIN | POLLRDHUP };

	return s->start < s->end ||
	    (poll(&readable, 1, 0) > 0 && readable.revents == POLLIN);
}

void
stream_open_socket(struct stream *s, int fd)
{
	start(s, fd, fd);
	s->is_socket = true;
	s->through_sigterm = true;
}

void
stream_open_pipe(struct stream *s, int fd)
{
	start(s, fd, fd);
	s->is_socket = false;
	s->through_sigterm = true;
}

static bool
is_terminated(const struct stream *s)
{
	return signals_terminated() && !s->through_sigterm;
}

/* Waits until fd is ready, through signals other than SIGTERM. */
static enum stream_result
wait_for(const struct stream *s, int fd, short event, struct timespec deadline)
{
	struct pollfd wanted = { .fd = fd, .events = event };

	for (;;) {
		int ready = signals_poll(&wanted, 1, deadline);

		if (ready > 0)
			return STREAM_OK;
		if (ready == 0)
			return STREAM_TIMEOUT;
		if (errno != EINTR)
			return STREAM_ERROR;
		if (is_terminated(s))
			return STREAM_TERMINATED;
	}
}

/* Reads more input behind what is not yet used, until there are so many octets.
 * The caller sees to it that there is room. */
static enum stream_result
fill_up_to(struct stream *s, size_t size, struct timespec deadline)
{
	enum stream_result result;
	ssize_t got;

	stream_flush(s, deadline);
	/* Who takes no answers is not listened to any more. */
	if (s->broken)
		return STREAM_ERROR;
	if (s->start > 0) {
		memmove(s->input, s->input + s->start, s->end - s->start);
		s->end -= s->start;
		s->start = 0;
	}
	do {
		/* It may have come while something else was waited for. */
		if (is_terminated(s))
			return STREAM_TERMINATED;
		/* Nor does a peer that always has something to say go on. */
		if (!clock_before(clock_now(), deadline))
			return STREAM_TIMEOUT;
		result = wait_for(s, s->input_fd, POLLIN, deadline);
		if (result != STREAM_OK)
			return result;
		got = read(s->input_fd, s->input + s->end, size - s->end);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return STREAM_ERROR;
	if (got == 0)
		return STREAM_EOF;
	s->end += (size_t)got;
	if (s->reached < s->end)
		s->reached = s->end;
	s->received += (uint64_t)got;
	return STREAM_OK;
}

static enum stream_result
fill(struct stream *s, struct timespec deadline)
{
	return fill_up_to(s, sizeof(s->input), deadline);
}

static bool
is_clean(struct span line)
{
	return memchr(line.data, '\r', line.length) == NULL &&
	    memchr(line.data, '\n', line.length) == NULL &&
	    memchr(line.data, '\0', line.length) == NULL;
}

enum stream_result
stream_read_until(struct stream *s, struct timespec deadline,
    const char *line_end, size_t max, struct span *line)
{
	size_t end_length = strlen(line_end);
	size_t searched = 0; /* no end begins in so many octets */
	size_t discarded = 0;

	for (;;) {
		const char *begin = s->input + s->start;
		size_t length = s->end - s->start;
		const char *end = memmem(begin + searched, length - searched,
		    line_end, end_length);
		enum stream_result result;

		if (end != NULL) {
			*line = (struct span){ begin, (size_t)(end - begin) };
			stream_use(s, line->length + end_length);
			if (discarded > 0 || line->length + end_length > max)
				return STREAM_TOO_LONG;
			return is_clean(*line) ? STREAM_OK : STREAM_BAD_LINE;
		}
		if (length >= max) {
			/* Its last octet may be the CR of the line's end. */
			discarded += length - (end_length - 1);
			stream_use(s, length - (end_length - 1));
			length = end_length - 1;
			if (discarded > STREAM_DISCARD_MAX)
				return STREAM_ENDLESS;
		}
		searched = length < end_length ? 0 : length - (end_length - 1);
		result = fill(s, deadline);
		if (result != STREAM_OK)
			return result;
	}
}

enum stream_result
stream_read_line(struct stream *s, struct timespec deadline, struct span *line)
{
	return stream_read_until(s, deadline, "\r\n", STREAM_LINE_MAX, line);
}

enum stream_result
stream_read(struct stream *s, struct timespec deadline, struct span *octets)
{
	if (s->start == s->end) {
		enum stream_result result = fill(s, deadline);

		if (result != STREAM_OK)
			return result;
	}
	*octets = (struct span){ s->input + s->start, s->end - s->start };
	return STREAM_OK;
}

enum stream_result
stream_read_up_to(struct stream *s, size_t length, struct timespec deadline,
    struct span *octets)
{
	enum stream_result result = fill_up_to(s, length, deadline);

	*octets = (struct span){ s->input + s->start, s->end - s->start };
	return result;
}

void
stream_use(struct stream *s, size_t length)
{
	s->start += length;
}

/* Writes without waiting. A pipe is written to when poll has said that it
 * takes PIPE_BUF octets (pipe(7)), as it has no MSG_DONTWAIT. */
static ssize_t
write_some(const struct stream *s, struct span octets, int flags,
    struct timespec deadline)
{
	if (s->is_socket)
		return send(s->output_fd, octets.data, octets.length,
		    MSG_DONTWAIT | MSG_NOSIGNAL | flags);
	if (wait_for(s, s->output_fd, POLLOUT, deadline) != STREAM_OK) {
		errno = ETIMEDOUT;
		return -1;
	}
	return write(s->output_fd, octets.data,
	    octets.length < PIPE_BUF ? octets.length : PIPE_BUF);
}

static void
write_all(struct stream *s, int flags, struct timespec deadline)
{
	struct span left = { s->output, s->output_length };

	while (!s->broken && left.length > 0) {
		ssize_t put = write_some(s, left, flags, deadline);

		if (put > 0)
			left = span_from(left, (size_t)put);
		else if (put < 0 && errno == EAGAIN)
			s->broken = wait_for(s, s->output_fd, POLLOUT,
					deadline) != STREAM_OK;
		else if (put < 0 && errno != EINTR)
			s->broken = true;
	}
	s->output_length = 0;
}

/* More follows what fills the buffer, so TCP may send it in segments that are
 * full. Behind one that is not, the last one would have to wait until the peer
 * has acknowledged it, which takes 40 ms (RFC 896; RFC 1122, 4.2.3.2). */
void
stream_write(struct stream *s, struct span octets, struct timespec deadline)
{
	while (octets.length > 0) {
		size_t room, piece;

		if (s->output_length == sizeof(s->output))
			write_all(s, MSG_MORE, deadline);
		room = sizeof(s->output) - s->output_length;
		piece = octets.length < room ? octets.length : room;
		memcpy(s->output + s->output_length, octets.data, piece);
		s->output_length += piece;
		octets = span_from(octets, piece);
	}
}

void
stream_flush(struct stream *s, struct timespec deadline)
{
	write_all(s, 0, deadline);
}

/* Input that was moved down has left a copy behind what is not yet used. */
void
stream_forget(struct stream *s)
{
	explicit_bzero(s->input, s->start);
	explicit_bzero(s->input + s->end, s->reached - s->end);
	s->reached = s->end;
	explicit_bzero(s->output + s->output_length,
	    sizeof(s->output) - s->output_length);
}

void
stream_end(struct stream *s)
{
	struct timespec deadline = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = 1 });

	if (!s->is_socket || s->broken || shutdown(s->output_fd, SHUT_WR) != 0)
		return;
	s->through_sigterm = true;
	do {
		s->start = s->end = 0;
	} while (fill(s, deadline) == STREAM_OK);
}

void
stream_watch(const struct stream *s, bool on)
{
	signals_watch(watched_fd(s), on);
}

static struct pollfd
hang_up_of(const struct stream *s)
{
	return (struct pollfd){ .fd = watched_fd(s),
		.events = s->is_socket ? POLLRDHUP : 0 };
}

bool
stream_wait_beside(const struct stream *s, const struct stream *other,
    struct timespec deadline)
{
	struct pollfd either[2] = { { .fd = s->input_fd, .events = POLLIN },
		hang_up_of(other) };

	return s->start != s->end || signals_poll(either, 2, deadline) <= 0 ||
	    either[0].revents != 0;
}

bool
stream_peer_is_gone(const struct stream *s)
{
	struct pollfd watched = hang_up_of(s);

	return s->broken ||
	    (poll(&watched, 1, 0) > 0 &&
		(watched.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
}
