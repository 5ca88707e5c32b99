/*
 * Handing on to a program by qmail-queue(8)'s protocol: the message on its
 * descriptor 0, the envelope on 1, the verdict in its exit code.
 */
#include "deliver_queue.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "delivery.h"

/* Exit codes of qmail-queue(8) and its relatives. */
enum {
	EXIT_PERMANENT_FIRST = 11,
	EXIT_PERMANENT_LAST = 40,
	EXIT_COMPLAINT_ON_6 = 82,
	EXIT_COMPLAINT_ON_4 = 88,
};

static const struct reply refused = { 554, "5.3.0",
	"Message refused by the mail queue" };

#define STANDARD_PROGRAM "/var/qmail/bin/qmail-queue"

bool
deliver_queue_has_rights(const char *program)
{
	struct stat status;

	return stat(program, &status) == 0 &&
	    (status.st_mode & (S_ISUID | S_ISGID)) != 0;
}

const char *
deliver_queue_check(const char *program)
{
	struct stat status;

	if (program[0] != '/')
		return "the path of the program must begin with a /";
	if (stat(program, &status) != 0 || !S_ISREG(status.st_mode) ||
	    (status.st_mode & 0111) == 0)
		return "is no program that can be run";
	if (deliver_queue_has_rights(program) &&
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return "is setuid, which needs NoNewPrivileges=no in the unit";
	return NULL;
}

const char *
deliver_queue_program(const char *target, const char *qmailqueue)
{
	if (qmailqueue != NULL)
		return qmailqueue;
	return target[0] != '\0' ? target : STANDARD_PROGRAM;
}

/* Whether the standard program is meant is not known before QMAILQUEUE is. */
static const char *
check(const char *target)
{
	return target[0] == '\0' ? NULL : deliver_queue_check(target);
}

static void
start(struct delivery *d, const struct delivery_setup *setup,
    const char *target)
{
	struct queue_delivery *q = &d->queue;

	q->timeout = setup->relay_timeout;
	if (starter_open(&q->starter,
		deliver_queue_program(target, setup->queue_program)) != 0)
		log_fault(d->log, "cannot start processes", errno);
}

static void
use(const struct delivery *d, struct sandbox_needs *needs)
{
	(void)d;
	needs->calls.receives_descriptors = true;
}

static struct timespec
deadline(const struct queue_delivery *q)
{
	return clock_add(clock_now(), q->timeout);
}

static const struct reply *
fault(struct delivery *d, const char *what)
{
	log_fault(d->log, what, 0);
	return &reply_local_fault;
}

static const struct reply *
open_message(struct delivery *d, const struct envelope *e)
{
	struct queue_delivery *q = &d->queue;

	(void)e;
	if (starter_run(&q->starter, &q->program, deadline(q)) != 0)
		return fault(d, "cannot start the qmail-queue program");
	stream_open_pipe(&q->output, q->program.message);
	return NULL;
}

static void
write_text(struct delivery *d, struct span text)
{
	stream_write(&d->queue.output, text, deadline(&d->queue));
}

/* False if the program did not take all of it. */
static bool
finish(struct queue_delivery *q, int *fd, struct timespec until)
{
	stream_flush(&q->output, until);
	close(*fd);
	*fd = -1;
	return !q->output.broken;
}

static void
put_address(struct queue_delivery *q, char letter,
    const struct address *address, struct timespec until)
{
	char buffer[1 + ADDRESS_LOCAL_MAX + 1 + ADDRESS_DOMAIN_MAX + 1];
	struct text text = TEXT_IN(buffer);

	text_put_char(&text, letter);
	text_put_span(&text, address_local(address));
	if (address->kind != ADDRESS_NULL) {
		text_put_char(&text, '@');
		text_put_span(&text, address_domain(address));
	}
	/* With the NUL at its end. */
	stream_write(&q->output, (struct span){ buffer, text.length + 1 },
	    until);
}

/* F sender NUL, T recipient NUL ..., NUL. */
static bool
write_envelope(struct queue_delivery *q, const struct envelope *e,
    struct timespec until)
{
	struct address to;
	size_t at = 0;

	stream_open_pipe(&q->output, q->program.envelope);
	put_address(q, 'F', &e->sender, until);
	while (envelope_next(e, &at, &to))
		put_address(q, 'T', &to, until);
	stream_write(&q->output, (struct span){ "", 1 }, until);
	return finish(q, &q->program.envelope, until);
}

/* What the program has left to read; it may have left somebody behind who
 * could still write. */
static size_t
read_words(const struct queue_delivery *q, char *octets, size_t size)
{
	struct pollfd readable = { .fd = q->program.complaint,
		.events = POLLIN };
	ssize_t length = 0;

	if (poll(&readable, 1, 0) == 1)
		length = read(q->program.complaint, octets, size);
	return length > 0 ? (size_t)length : 0;
}

/* The program's own words: "D" before a refusal, "Z" before a fault that will
 * pass. */
static const struct reply *
read_complaint(struct queue_delivery *q)
{
	char octets[QUEUE_COMPLAINT_MAX - 1];
	size_t length = read_words(q, octets, sizeof(octets));
	struct text text = TEXT_IN(q->complaint);

	while (length > 0 && strchr(" \r\n", octets[length - 1]) != NULL)
		length--;
	if (length < 2)
		return &reply_local_fault;
	for (size_t i = 1; i < length; i++)
		text_put_char(&text,
		    octets[i] >= ' ' && octets[i] <= '~' ? octets[i] : '?');
	q->reply = octets[0] == 'D' ? refused : reply_local_fault;
	q->reply.text = q->complaint;
	return &q->reply;
}

static void
log_exit_code(struct delivery *d, int code)
{
	struct log_record record;

	log_begin(&record, LOG_FAULT,
	    "the qmail-queue program did not take the message");
	log_put_number(&record, "EXIT_CODE", (uint64_t)code);
	log_send(d->log, &record);
}

static const struct reply *
verdict(struct delivery *d, int status)
{
	int code;

	if (status == -1)
		return fault(d, "the qmail-queue program does not end");
	if (status == STARTER_UNREAD)
		return fault(d, "the qmail-queue program did not read all");
	if (!WIFEXITED(status))
		return fault(d, "the qmail-queue program was killed");
	code = WEXITSTATUS(status);
	if (code == 0)
		return NULL;
	log_exit_code(d, code);
	if (code >= EXIT_PERMANENT_FIRST && code <= EXIT_PERMANENT_LAST)
		return &refused;
	if (code == EXIT_COMPLAINT_ON_4 || code == EXIT_COMPLAINT_ON_6)
		return read_complaint(&d->queue);
	return &reply_local_fault;
}

static void
close_program(struct queue_delivery *q)
{
	if (q->program.message >= 0)
		close(q->program.message);
	if (q->program.envelope >= 0)
		close(q->program.envelope);
	close(q->program.complaint);
}

static const struct reply *
commit(struct delivery *d, const struct envelope *e)
{
	struct queue_delivery *q = &d->queue;
	struct timespec until = deadline(q);
	bool whole = finish(q, &q->program.message, until) &&
	    write_envelope(q, e, until);
	const struct reply *reply;

	if (q->program.envelope >= 0)
		close(q->program.envelope);
	q->program.envelope = -1;
	reply = verdict(d, starter_wait(&q->starter, until));
	if (reply == NULL && !whole)
		reply = fault(d, "the qmail-queue program did not read all");
	close_program(q);
	return reply;
}

/* The envelope stays without its end, so the program queues nothing. */
static void
abort_message(struct delivery *d)
{
	close_program(&d->queue);
	(void)starter_wait(&d->queue.starter, deadline(&d->queue));
}

const struct delivery_method deliver_queue = {
	.scheme = "qmail-queue:",
	.asks_others = true,
	.is_relay = true,
	.check = check,
	.start = start,
	.use = use,
	.open = open_message,
	.write = write_text,
	.commit = commit,
	.abort = abort_message,
};
