#include "nexthop.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "clock.h"
#include "signals.h"

/* RFC 5321, 4.5.3.1.5: with code, status and CRLF it stays below 512. */
#define LINE_KEPT_MAX 480
/* More lines than any answer has. */
#define LINES_MAX 128

static struct timespec
deadline(const struct nexthop *n)
{
	return clock_add(clock_now(), n->setup->timeout);
}

void
nexthop_close(struct nexthop *n)
{
	if (n->connected)
		close(n->stream.input_fd);
	n->connected = false;
}

bool
nexthop_is_ready(const struct nexthop *n)
{
	struct pollfd readable = { .fd = n->stream.input_fd, .events = POLLIN };

	return n->connected && !n->stream.broken &&
	    n->stream.start == n->stream.end && poll(&readable, 1, 0) == 0;
}

/* Waits for a connection that is under way. A signal does not end it: the
 * client waits for an answer, which comes before the deadline. */
static int
finish_connect(int fd, struct timespec until)
{
	struct pollfd writable = { .fd = fd, .events = POLLOUT };
	socklen_t length = sizeof(int);
	int error, ready;

	do {
		ready = signals_poll(&writable, 1, until);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
		return -1;
	return error == 0 ? 0 : -1;
}

static int
connect_to(const struct relay_target *target, struct timespec until)
{
	const struct sockaddr *address = &target->address.any;
	int fd = socket(address->sa_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if (connect(fd, address, target->length) == 0 ||
	    (errno == EINPROGRESS && finish_connect(fd, until) == 0))
		return fd;
	close(fd);
	return -1;
}

void
nexthop_say(struct nexthop *n, struct span octets)
{
	if (n->connected)
		stream_write(&n->stream, octets, deadline(n));
}

static void
say_text(struct nexthop *n, const char *text)
{
	nexthop_say(n, span_of(text));
}

/* RFC 3463, 2: class.subject.detail. Takes it off the front of the line if the
 * class is that of the code. */
static bool
take_status(struct nexthop *n, struct span *line)
{
	size_t length = 0, dots = 0;

	while (length < line->length && length < sizeof(n->status) - 1 &&
	    line->data[length] != ' ') {
		char c = line->data[length++];

		if (c == '.')
			dots++;
		else if (c < '0' || c > '9')
			return false;
	}
	if (length < strlen("5.0.0") || dots != 2 ||
	    line->data[0] != (char)('0' + n->reply.code / 100) ||
	    line->data[1] != '.' || line->data[length - 1] == '.')
		return false;
	memcpy(n->status, line->data, length);
	n->status[length] = '\0';
	*line = span_from(*line, length);
	if (line->length > 0 && line->data[0] == ' ')
		*line = span_from(*line, 1);
	return true;
}

static void
use_general_status(struct nexthop *n)
{
	struct text status = TEXT_IN(n->status);

	text_put_number(&status, n->reply.code / 100);
	text_put(&status, ".0.0");
}

/* A line's text as printable ASCII; what does not fit is left out. */
static void
keep_text(struct text *text, struct span line)
{
	if (text->length > 0)
		text_put_char(text, '\n');
	for (size_t i = 0; i < line.length && i < LINE_KEPT_MAX; i++) {
		char c = line.data[i];

		text_put_char(text, c >= ' ' && c <= '~' ? c : '?');
	}
}

/* "250 text" or "250-text" (RFC 5321, 4.2). */
static bool
parse_line(struct span line, unsigned *code, bool *last)
{
	if (line.length < 3 || line.data[0] < '2' || line.data[0] > '5' ||
	    line.data[1] < '0' || line.data[1] > '9' || line.data[2] < '0' ||
	    line.data[2] > '9')
		return false;
	if (line.length > 3 && line.data[3] != ' ' && line.data[3] != '-')
		return false;
	*code = (unsigned)(line.data[0] - '0') * 100 +
	    (unsigned)(line.data[1] - '0') * 10 +
	    (unsigned)(line.data[2] - '0');
	*last = line.length == 3 || line.data[3] == ' ';
	return true;
}

static void
take_xclient(struct nexthop *n, struct span words)
{
	static const struct {
		const char *name;
		enum nexthop_extension bit;
	} attributes[] = {
		{ "ADDR", NEXTHOP_XCLIENT_ADDR },
		{ "PORT", NEXTHOP_XCLIENT_PORT },
	};

	while (words.length > 0) {
		const char *space = memchr(words.data, ' ', words.length);
		struct span word = words;

		if (space != NULL)
			word.length = (size_t)(space - words.data);
		for (size_t i = 0; i < 2; i++)
			if (span_equal_nocase(word,
				span_of(attributes[i].name)))
				n->extensions |= attributes[i].bit;
		words = span_from(words, word.length + (space != NULL ? 1 : 0));
	}
}

/* One line of the answer to EHLO. */
static void
take_extension(struct nexthop *n, struct span line)
{
	static const struct {
		const char *name;
		enum nexthop_extension bit;
	} extensions[] = {
		{ "SIZE", NEXTHOP_SIZE },
		{ "8BITMIME", NEXTHOP_8BITMIME },
		{ "SMTPUTF8", NEXTHOP_SMTPUTF8 },
	};
	const char *space = memchr(line.data, ' ', line.length);
	struct span name = line, rest = span_from(line, line.length);

	if (space != NULL) {
		name.length = (size_t)(space - line.data);
		rest = span_from(line, name.length + 1);
	}
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (span_equal_nocase(name, span_of(extensions[i].name)))
			n->extensions |= (unsigned)extensions[i].bit;
	if (span_equal_nocase(name, span_of("XCLIENT")))
		take_xclient(n, rest);
}

static enum nexthop_answer
lose(struct nexthop *n)
{
	nexthop_close(n);
	return NEXTHOP_LOST;
}

/* Keeps one line of a reply whose code is known. */
static void
keep_line(struct nexthop *n, struct text *text, struct span line, bool first)
{
	struct span rest = span_from(line, line.length < 4 ? line.length : 4);

	if (first && !take_status(n, &rest))
		use_general_status(n);
	else if (!first && rest.length > strlen(n->status) &&
	    memcmp(rest.data, n->status, strlen(n->status)) == 0)
		rest = span_from(rest, strlen(n->status) + 1);
	keep_text(text, rest);
}

/* Reads a reply; its lines behind the first go to each_line as well. */
static enum nexthop_answer
read_reply(struct nexthop *n, void (*each_line)(struct nexthop *, struct span))
{
	struct timespec until = deadline(n);
	struct text text = TEXT_IN(n->text);
	bool last = false;

	n->text[0] = '\0';
	for (unsigned count = 0; !last; count++) {
		struct span line;
		unsigned code;

		if (!n->connected || count == LINES_MAX ||
		    stream_read_line(&n->stream, until, &line) != STREAM_OK ||
		    !parse_line(line, &code, &last))
			return lose(n);
		if (count == 0)
			n->reply = (struct reply){ code, n->status, n->text };
		else if (code != n->reply.code)
			return lose(n);
		if (count > 0 && each_line != NULL && line.length > 4)
			each_line(n, span_from(line, 4));
		keep_line(n, &text, line, count == 0);
	}
	switch (n->reply.code / 100) {
	case 2:
		return NEXTHOP_YES;
	case 3:
		return NEXTHOP_GO_ON;
	case 4:
		return NEXTHOP_LATER;
	default:
		return NEXTHOP_NO;
	}
}

enum nexthop_answer
nexthop_listen(struct nexthop *n)
{
	return read_reply(n, NULL);
}

static enum nexthop_answer
say_hello(struct nexthop *n)
{
	n->extensions = 0;
	say_text(n, n->setup->lmtp ? "LHLO " : "EHLO ");
	say_text(n, n->setup->hostname);
	say_text(n, "\r\n");
	return read_reply(n, take_extension);
}

/* Postfix's XCLIENT: the client's address instead of ours. The server then
 * greets anew and forgets what was said. */
static enum nexthop_answer
say_xclient(struct nexthop *n)
{
	const struct peer *client = n->setup->client;

	if (client == NULL || client->text[0] == '\0' ||
	    (n->extensions & NEXTHOP_XCLIENT_ADDR) == 0)
		return NEXTHOP_YES;
	say_text(n,
	    client->address.family == PEER_IPV6 ? "XCLIENT ADDR=IPV6:"
						: "XCLIENT ADDR=");
	say_text(n, client->text);
	if (client->port[0] != '\0' &&
	    (n->extensions & NEXTHOP_XCLIENT_PORT) != 0) {
		say_text(n, " PORT=");
		say_text(n, client->port);
	}
	say_text(n, "\r\n");
	if (nexthop_listen(n) != NEXTHOP_YES)
		return NEXTHOP_LATER;
	return say_hello(n);
}

enum nexthop_answer
nexthop_open(struct nexthop *n, const struct nexthop_setup *setup)
{
	enum nexthop_answer answer;
	int fd;

	nexthop_close(n);
	n->setup = setup;
	fd = connect_to(&setup->target, deadline(n));
	if (fd < 0)
		return NEXTHOP_LOST;
	stream_open_socket(&n->stream, fd);
	n->connected = true;
	answer = nexthop_listen(n);
	if (answer == NEXTHOP_YES)
		answer = say_hello(n);
	if (answer == NEXTHOP_YES)
		answer = say_xclient(n);
	if (answer != NEXTHOP_YES)
		nexthop_close(n);
	return answer;
}

void
nexthop_say_goodbye(struct nexthop *n)
{
	say_text(n, "QUIT\r\n");
	stream_flush(&n->stream, deadline(n));
}
