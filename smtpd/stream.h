/*
 * Buffered input and output of the connection, with absolute deadlines
 * (CLOCK_MONOTONIC). Output that is owed is flushed before every wait for
 * input, so that a client that pipelines gets its answers in batches (RFC
 * 2920, 3.2) and one that waits gets them at once.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "span.h"

#define STREAM_INPUT_SIZE 65536
#define STREAM_OUTPUT_SIZE 4096

/* RFC 5321, 4.5.3.1.4 asks for 512 octets and what extensions add to MAIL:
 * SIZE 26, BODY 17, SMTPUTF8 10, AUTH 500 (RFC 4954, 3). */
#define STREAM_LINE_MAX 2048

/* Of a line without end so much is thrown away, and then no more is read. */
#define STREAM_DISCARD_MAX (1024 * 1024)

enum stream_result {
	STREAM_OK,
	STREAM_BAD_LINE, /* holds a bare CR, a bare LF or a NUL */
	STREAM_TOO_LONG, /* the rest was thrown away */
	STREAM_ENDLESS,	 /* too long, and no end of it in sight */
	STREAM_EOF,
	STREAM_TIMEOUT,
	STREAM_TERMINATED, /* SIGTERM came while waiting */
	STREAM_ERROR,	   /* the connection is broken */
};

/* What another connection of the client is made of. */
struct stream_ends {
	int input_fd;
	int output_fd;
	bool are_sockets;
};

struct stream {
	int input_fd;
	int output_fd;
	bool is_socket;	      /* both are */
	bool broken;	      /* the other side takes nothing any more */
	bool through_sigterm; /* waits go on when SIGTERM comes */
	size_t start;	      /* input: what is not yet used */
	size_t end;
	size_t output_length;
	size_t reached;	   /* no octet has been at or behind this place */
	uint64_t received; /* octets read so far */
	char input[STREAM_INPUT_SIZE];
	char output[STREAM_OUTPUT_SIZE];
};

void stream_open(struct stream *, int input_fd, int output_fd);

/*
 * Goes on over other descriptors; the old ones are closed. What was read and
 * not used, or not yet sent, is thrown away. stream_own_ends finds out what
 * they are and sees to it that a hang-up is noticed there, which only goes
 * before the sandbox is in force.
 */
struct stream_ends stream_own_ends(int input_fd, int output_fd);
void stream_move(struct stream *, const struct stream_ends *);

/* Whether something was sent that is not yet used; the end does not count. */
bool stream_has_input(const struct stream *);

/* A connection, or a pipe to write to, of our own making; SIGTERM does not end
 * its waits. */
void stream_open_socket(struct stream *, int fd);
void stream_open_pipe(struct stream *, int fd);

/*
 * Reads up to the next CRLF and strips it. A bare CR or LF is part of the line
 * and reported, never an end (RFC 5321, 2.3.8). The deadline covers the whole
 * line, however slowly it drips in.
 * On STREAM_OK, *line points into the stream until the next call.
 */
enum stream_result stream_read_line(struct stream *, struct timespec deadline,
    struct span *line);

/* As above, for lines with another end, "\r\n" or "\n", and of at most so many
 * octets with it, fewer than STREAM_INPUT_SIZE. */
enum stream_result stream_read_until(struct stream *, struct timespec deadline,
    const char *end, size_t max, struct span *line);

/* What has come, at least one octet, waiting for it if need be; it counts as
 * unused until stream_use. Never what is said of lines. */
enum stream_result stream_read(struct stream *, struct timespec deadline,
    struct span *octets);
void stream_use(struct stream *, size_t length);

/* As stream_read, but waits for more than what is unused, which is less than
 * length, and takes no more from the connection than makes it so long: what
 * follows may be for somebody else. *octets is all that is unused. */
enum stream_result stream_read_up_to(struct stream *, size_t length,
    struct timespec deadline, struct span *octets);

/* Appends to what is owed, and flushes when there is no room. */
void stream_write(struct stream *, struct span octets,
    struct timespec deadline);

/* Sends what is owed. A peer that does not take it by the deadline, or is
 * gone, makes the stream broken: later output is thrown away. */
void stream_flush(struct stream *, struct timespec deadline);

/* Wipes what is left in memory of what was used and sent. */
void stream_forget(struct stream *);

/*
 * Says that nothing more comes, and throws away what the peer still sends, for
 * a second at most: a socket that is closed with input unread resets the
 * connection (RFC 1122, 4.2.2.13), and the peer may then never see what was
 * sent last. SIGTERM does not cut it short.
 */
void stream_end(struct stream *);

/* From now on a hang-up sends SIGIO, which interrupts signals_sleep; with
 * false, no more. */
void stream_watch(const struct stream *, bool on);

/* Waits for input, but no longer than the peer of the other stream is there.
 * Returns whether it still is, or did not matter. */
bool stream_wait_beside(const struct stream *, const struct stream *other,
    struct timespec deadline);

/* Whether the peer has hung up: a socket that was closed or shut down, a pipe
 * that nobody reads any more. A finished input pipe alone is no hang-up. */
bool stream_peer_is_gone(const struct stream *);

#endif
