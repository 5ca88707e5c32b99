#include "auth_service.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base64.h"
#include "clock.h"
#include "signals.h"

/* Its lines, and how many of them it may say before it answers. */
#define LINE_MAX_OCTETS 8192
#define LINES_MAX 100

_Static_assert(sizeof(((struct auth_service *)0)->said) >=
	BASE64_LENGTH(AUTH_MESSAGE_MAX) + 256,
    "a request fits");

/* A service that is busy lets connect() wait. */
static bool
limit_waiting(int fd)
{
	struct timeval most = { .tv_sec = 10 };

	return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &most, sizeof(most)) ==
	    0;
}

void
auth_service_start(struct auth_service *a, const char *path)
{
	a->path = path;
	a->socket = -1;
	if (path[0] == '\0')
		return;
	a->trouble = "cannot be reached";
	a->process = (uint32_t)getpid();
	a->socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (a->socket >= 0 && !limit_waiting(a->socket))
		auth_service_close(a);
	if (a->socket < 0)
		a->error = errno;
}

void
auth_service_use(const struct auth_service *a, struct sandbox_needs *needs)
{
	if (a->socket >= 0)
		needs->calls.auth_socket = a->socket;
}

void
auth_service_close(struct auth_service *a)
{
	int error = errno;

	if (a->socket >= 0)
		close(a->socket);
	errno = error;
	a->socket = -1;
	a->connected = false;
}

/* The first trouble is what the log is to tell each time. */
static enum auth_verdict
lose(struct auth_service *a, const char *trouble, int error)
{
	if (a->socket >= 0) {
		auth_service_close(a);
		a->trouble = trouble;
		a->error = error;
	}
	return AUTH_CANNOT_TELL;
}

/* What reading a line ended with, if it is no line. */
static const char *
trouble_of(enum stream_result result)
{
	switch (result) {
	case STREAM_TIMEOUT:
		return "does not answer in time";
	case STREAM_EOF:
	case STREAM_ERROR:
		return "has hung up";
	case STREAM_TERMINATED:
		return "was not waited for";
	case STREAM_OK:
	case STREAM_BAD_LINE:
	case STREAM_TOO_LONG:
	case STREAM_ENDLESS:
		break;
	}
	return "says what does not fit";
}

/* The service may let us wait, or hold its answer back as we do in the tar pit;
 * not for a client that is gone. One that has said all there is to say may look like that;
 * it has a second. */
static bool
is_waited_for(const struct auth_service *a, const struct stream *client,
    struct timespec deadline)
{
	struct pollfd answer = { .fd = a->socket, .events = POLLIN };
	struct timespec soon = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = 1 });

	if (clock_before(deadline, soon))
		soon = deadline;
	return signals_poll(&answer, 1, soon) != 0 ||
	    stream_wait_beside(&a->stream, client, deadline);
}

/* Reads lines up to one that ends what we wait for. */
static bool
listen_for(struct auth_service *a, const struct stream *client,
    bool (*is_end)(const struct auth_line *), struct timespec deadline,
    bool *offers_plain)
{
	if (!is_waited_for(a, client, deadline)) {
		a->client_is_gone = true;
		lose(a, "was not waited for", 0);
		return false;
	}
	for (int i = 0; i < LINES_MAX; i++) {
		struct span line;
		enum stream_result result = stream_read_until(&a->stream,
		    deadline, "\n", LINE_MAX_OCTETS, &line);

		if (result != STREAM_OK) {
			lose(a, trouble_of(result), 0);
			return false;
		}
		auth_line_read(&a->heard, line);
		if (a->heard.kind == AUTH_LINE_PLAIN)
			*offers_plain = true;
		if (is_end(&a->heard))
			return true;
	}
	lose(a, trouble_of(STREAM_OK), 0);
	return false;
}

static bool
ends_hello(const struct auth_line *l)
{
	switch (l->kind) {
	case AUTH_LINE_VERSION:
		return l->number != 1;
	case AUTH_LINE_OTHER:
	case AUTH_LINE_PLAIN:
		return false;
	case AUTH_LINE_DONE:
	case AUTH_LINE_OK:
	case AUTH_LINE_FAIL:
	case AUTH_LINE_CONTINUE:
	case AUTH_LINE_BAD:
		break;
	}
	return true;
}

static bool
ends_answer(const struct auth_line *l)
{
	switch (l->kind) {
	case AUTH_LINE_OTHER:
	case AUTH_LINE_VERSION:
	case AUTH_LINE_PLAIN:
	case AUTH_LINE_DONE:
		return false;
	case AUTH_LINE_OK:
	case AUTH_LINE_FAIL:
	case AUTH_LINE_CONTINUE:
	case AUTH_LINE_BAD:
		break;
	}
	return true;
}

static bool
connect_to(int fd, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(path);

	if (length >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address.sun_path, path, length);
	return connect(fd, (const struct sockaddr *)&address,
		   sizeof(address)) == 0;
}

static void
say(struct auth_service *a, struct text *text, struct timespec deadline)
{
	stream_write(&a->stream, text_span(text), deadline);
	stream_flush(&a->stream, deadline);
}

/* Each side says first what it speaks. */
static bool
greet(struct auth_service *a, const struct stream *client,
    struct timespec deadline)
{
	struct text hello = TEXT_IN(a->said);
	bool offers_plain = false;

	if (!connect_to(a->socket, a->path)) {
		lose(a, "cannot be reached", errno);
		return false;
	}
	a->connected = true;
	stream_open_socket(&a->stream, a->socket);
	/* Nothing is lost if the session ends here. */
	a->stream.through_sigterm = false;
	auth_line_hello(&hello, a->process);
	say(a, &hello, deadline);
	if (!listen_for(a, client, ends_hello, deadline, &offers_plain))
		return false;
	if (a->heard.kind != AUTH_LINE_DONE)
		lose(a, trouble_of(STREAM_OK), 0);
	else if (!offers_plain)
		lose(a, "does not offer PLAIN", 0);
	return a->connected;
}

static enum auth_verdict
judge(struct auth_service *a)
{
	if (a->heard.number == a->requests) {
		if (a->heard.kind == AUTH_LINE_OK)
			return AUTH_RIGHT;
		if (a->heard.kind == AUTH_LINE_FAIL && !a->heard.temporary)
			return AUTH_WRONG;
		if (a->heard.kind == AUTH_LINE_FAIL) {
			a->trouble = "has a temporary fault";
			a->error = 0;
			return AUTH_CANNOT_TELL;
		}
	}
	return lose(a, trouble_of(STREAM_OK), 0);
}

static enum auth_verdict
failure_of(const struct auth_service *a)
{
	return a->client_is_gone ? AUTH_NOBODY_WAITS : AUTH_CANNOT_TELL;
}

enum auth_verdict
auth_service_ask(struct auth_service *a, struct auth_request request,
    const struct stream *client, struct timespec deadline)
{
	struct timespec until = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = AUTH_SERVICE_SECONDS });
	struct text line = TEXT_IN(a->said);
	bool answered, ignored;

	if (clock_before(deadline, until))
		until = deadline;
	if (a->socket < 0 || (!a->connected && !greet(a, client, until)))
		return failure_of(a);
	request.number = ++a->requests;
	auth_line_request(&line, &request);
	say(a, &line, until);
	answered = listen_for(a, client, ends_answer, until, &ignored);
	explicit_bzero(a->said, sizeof(a->said));
	stream_forget(&a->stream);
	return answered ? judge(a) : failure_of(a);
}
