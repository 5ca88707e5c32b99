/* Command lines, in whatever pieces they come. */
#include "stream.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "tap.h"

#define LONG_MAX_OCTETS 5000

/* Sends text in pieces, each of which one read gives: the socket keeps the
 * bounds of what was sent. Then hangs up. */
static void
send_in_pieces(int fd, struct span text, size_t first, size_t each)
{
	size_t length = first;

	while (text.length > 0) {
		if (length > text.length)
			length = text.length;
		if (length > 0 &&
		    send(fd, text.data, length, 0) != (ssize_t)length)
			abort();
		text = span_from(text, length);
		length = each;
	}
	close(fd);
}

static const char *
result_name(enum stream_result result)
{
	switch (result) {
	case STREAM_OK:
		return "";
	case STREAM_BAD_LINE:
		return "(bad)";
	case STREAM_TOO_LONG:
		return "(long)";
	case STREAM_ENDLESS:
		return "(endless)";
	case STREAM_EOF:
		return "(end)";
	case STREAM_TIMEOUT:
		return "(timeout)";
	case STREAM_TERMINATED:
	case STREAM_ERROR:
		break;
	}
	return "(error)";
}

/* Reads all lines: those that are good, each with a "|", and what else the
 * results were. */
static void
read_lines(struct text *lines, struct stream *s)
{
	struct timespec deadline = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = 60 });
	enum stream_result result;

	do {
		struct span line;

		result = stream_read_line(s, deadline, &line);
		text_put(lines, result_name(result));
		if (result == STREAM_OK) {
			text_put_span(lines, line);
			text_put_char(lines, '|');
		}
	} while (result == STREAM_OK || result == STREAM_BAD_LINE ||
	    result == STREAM_TOO_LONG);
}

/* What is read of a text that comes in such pieces. */
static bool
gives(struct stream *s, struct span input, size_t first, size_t each,
    const char *wanted)
{
	char buffer[STREAM_LINE_MAX + 100] = "";
	struct text lines = TEXT_IN(buffer);
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
		abort();
	stream_open(s, ends[0], ends[0]);
	send_in_pieces(ends[1], input, first, each);
	read_lines(&lines, s);
	close(ends[0]);
	return span_equal(text_span(&lines), span_of(wanted));
}

static void
test_lines(struct tap *tap, struct stream *s)
{
	static const struct {
		struct span input;
		const char *wanted;
	} cases[] = {
		{ OCTETS(""), "(end)" },
		{ OCTETS("NOOP\r\n"), "NOOP|(end)" },
		{ OCTETS("NOOP\r\nQUIT\r\n"), "NOOP|QUIT|(end)" },
		{ OCTETS("\r\n\r\n"), "||(end)" },
		{ OCTETS("NOOP"), "(end)" },
		{ OCTETS("NOOP\r"), "(end)" },
		{ OCTETS("NOOP\n"), "(end)" },
		{ OCTETS("NOOP\nQUIT\r\nRSET\r\n"), "(bad)RSET|(end)" },
		{ OCTETS("NOOP\rQUIT\r\nRSET\r\n"), "(bad)RSET|(end)" },
		{ OCTETS("NOOP\r\r\nRSET\r\n"), "(bad)RSET|(end)" },
		{ OCTETS("NOOP\n\r\nRSET\r\n"), "(bad)RSET|(end)" },
		{ OCTETS("NOOP\n\rQUIT\r\n"), "(bad)(end)" },
		{ OCTETS("\nNOOP\r\nRSET\r\n"), "(bad)RSET|(end)" },
		{ OCTETS("NOOP\0\r\nRSET\r\n"), "(bad)RSET|(end)" },
		{ OCTETS("NOOP\r\0\nQUIT\r\nRSET\r\n"), "(bad)RSET|(end)" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct span input = cases[i].input;
		const char *wanted = cases[i].wanted;
		bool good = gives(s, input, 1, 1, wanted);
		char shown[200];

		for (size_t cut = 0; cut <= input.length; cut++)
			good &= gives(s, input, cut, input.length, wanted);
		tap_okf(tap, good, "\"%s\" is the same however it is cut",
		    tap_show(shown, sizeof(shown), input));
	}
}

/* A line of so many octets with its CRLF, and one behind it. */
static struct span
make_line(char *buffer, size_t length)
{
	static const char ends[] = "\r\nRSET\r\n";

	memset(buffer, 'x', length - 2);
	snprintf(buffer + length - 2, sizeof(ends), "%s", ends);
	return (struct span){ buffer, length - 2 + strlen(ends) };
}

static void
test_long_lines(struct tap *tap, struct stream *s)
{
	static char buffer[LONG_MAX_OCTETS + 8], longest[STREAM_LINE_MAX + 20];
	struct span input = make_line(buffer, STREAM_LINE_MAX);
	bool good = true;

	snprintf(longest, sizeof(longest), "%.*s|RSET|(end)",
	    STREAM_LINE_MAX - 2, buffer);
	for (size_t cut = 0; cut <= input.length; cut++)
		good &= gives(s, input, cut, input.length, longest);
	tap_ok(tap, good, "the longest line is taken, however it is cut");

	input = make_line(buffer, STREAM_LINE_MAX + 1);
	good = true;
	for (size_t cut = 0; cut <= input.length; cut++)
		good &= gives(s, input, cut, input.length, "(long)RSET|(end)");
	tap_ok(tap, good,
	    "a line of one octet more is too long, and ends well");

	input = make_line(buffer, LONG_MAX_OCTETS);
	good = true;
	for (size_t cut = 0; cut <= input.length; cut++)
		good &= gives(s, input, cut, 700, "(long)RSET|(end)");
	tap_ok(tap, good, "the tail of a line too long is thrown away");
}

static void
test_deadline(struct tap *tap, struct stream *s)
{
	struct span line;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 ||
	    send(ends[1], "NOOP", 4, 0) != 4)
		abort();
	stream_open(s, ends[0], ends[0]);
	tap_ok(tap,
	    stream_read_line(s,
		clock_add(clock_now(),
		    (struct timespec){ .tv_nsec = 50000000 }),
		&line) == STREAM_TIMEOUT,
	    "a line that is not complete by its deadline is given up");
	close(ends[0]);
	close(ends[1]);
}

static void
test_mixed_ends(struct tap *tap, struct stream *s)
{
	struct timespec deadline = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = 60 });
	char got[16];
	int ends[2], pipe_ends[2];
	ssize_t length;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 ||
	    pipe(pipe_ends) != 0)
		abort();
	stream_open(s, ends[0], pipe_ends[1]);
	stream_write(s, SPAN("220 mx\r\n"), deadline);
	stream_flush(s, deadline);
	close(pipe_ends[1]);
	length = read(pipe_ends[0], got, sizeof(got));
	tap_is(tap, (struct span){ got, length < 0 ? 0 : (size_t)length },
	    SPAN("220 mx\r\n"), "input may be a socket and output a pipe");
	close(pipe_ends[0]);
	close(ends[0]);
	close(ends[1]);
}

/* What follows stays in the socket, for whoever reads it next. */
static void
test_up_to(struct tap *tap, struct stream *s)
{
	struct timespec deadline = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = 5 });
	struct span octets;
	char rest[16];
	int ends[2];
	bool good;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 ||
	    send(ends[1], "abcdefgh", 8, 0) != 8)
		abort();
	stream_open(s, ends[0], ends[0]);
	good = stream_read_up_to(s, 3, deadline, &octets) == STREAM_OK;
	tap_ok(tap, good && span_equal(octets, SPAN("abc")),
	    "no more than wanted is read");
	good = stream_read_up_to(s, 5, deadline, &octets) == STREAM_OK;
	tap_ok(tap, good && span_equal(octets, SPAN("abcde")),
	    "more is read behind what is unused");
	stream_use(s, 4);
	tap_ok(tap,
	    recv(ends[0], rest, sizeof(rest), MSG_PEEK | MSG_DONTWAIT) == 3 &&
		memcmp(rest, "fgh", 3) == 0,
	    "the rest is still in the socket");
	good = stream_read_up_to(s, 2, deadline, &octets) == STREAM_OK;
	tap_ok(tap, good && span_equal(octets, SPAN("ef")),
	    "what was used does not count");
	close(ends[1]);
	good = stream_read_up_to(s, 10, deadline, &octets) == STREAM_OK;
	tap_ok(tap,
	    good && stream_read_up_to(s, 10, deadline, &octets) == STREAM_EOF &&
		span_equal(octets, SPAN("efgh")),
	    "what is unused can be seen at the end");
	close(ends[0]);
}

/* Lines of another kind, with a CR in one and one too long. */
static void
test_other_ends(struct tap *tap, struct stream *s)
{
	struct span input = SPAN("OK\nA\r\n12345678\n\n1234567\nrest");
	bool good = true;

	for (size_t each = 1; each <= input.length; each++) {
		struct timespec deadline = clock_add(clock_now(),
		    (struct timespec){ .tv_sec = 60 });
		char buffer[100] = "";
		struct text lines = TEXT_IN(buffer);
		enum stream_result result;
		int ends[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
			abort();
		stream_open(s, ends[0], ends[0]);
		send_in_pieces(ends[1], input, each, each);
		do {
			struct span line;

			result = stream_read_until(s, deadline, "\n", 8, &line);
			text_put(&lines, result_name(result));
			if (result == STREAM_OK)
				text_put_span(&lines, line);
			text_put_char(&lines, '|');
		} while (result != STREAM_EOF);
		close(ends[0]);
		good &= span_equal(text_span(&lines),
		    SPAN("OK|(bad)|(long)||1234567|(end)|"));
	}
	tap_ok(tap, good, "lines may end with LF, and have another length");
}

/* A secret was moved down in the buffer, and sent on. */
static void
test_forget(struct tap *tap, struct stream *s)
{
	struct timespec deadline = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = 60 });
	struct span line;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
		abort();
	memset(s->input, 0, sizeof(s->input));
	stream_open(s, ends[0], ends[0]);
	send_in_pieces(ends[1], SPAN("NOOP\r\nsecret1 sec\0ret2\r\nQUIT\r\n"),
	    20, 100);
	stream_read_line(s, deadline, &line);
	stream_read_line(s, deadline, &line);
	stream_write(s, line, deadline);
	stream_flush(s, deadline);
	stream_write(s, SPAN("owed"), deadline);
	stream_forget(s);
	tap_ok(tap,
	    memmem(s->input, sizeof(s->input), "ecre", 4) == NULL &&
		memmem(s->output, sizeof(s->output), "ecre", 4) == NULL,
	    "what was used and sent is wiped");
	tap_ok(tap,
	    span_equal((struct span){ s->output, s->output_length },
		SPAN("owed")) &&
		stream_read_line(s, deadline, &line) == STREAM_OK &&
		span_equal(line, SPAN("QUIT")),
	    "and what is still to be used and sent is not");
	close(ends[0]);
}

int
main(void)
{
	static struct stream stream;
	struct tap tap = { 0, 0 };

	test_lines(&tap, &stream);
	test_long_lines(&tap, &stream);
	test_deadline(&tap, &stream);
	test_up_to(&tap, &stream);
	test_mixed_ends(&tap, &stream);
	test_other_ends(&tap, &stream);
	test_forget(&tap, &stream);
	return tap_done(&tap);
}
