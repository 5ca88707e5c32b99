/*
 * Handing on to a program by qmail-queue(8)'s protocol: the message on its
 * descriptor 0, the envelope on 1, the verdict in its exit code.
 */
#include "deliver_queue.h"

#include <errno.h>
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

const char *
deliver_queue_check(const char *program)
{
	struct stat status;

	if (program[0] != '/')
		return "the path of the program must begin with a /";
	if (stat(program, &status) != 0 || !S_ISREG(status.st_mode) ||
	    (status.st_mode & 0111) == 0)
		return "is no program that can be run";
	if ((status.st_mode & S_ISUID) != 0 &&
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return "is setuid, which needs NoNewPrivileges=no in the unit";
	return NULL;
}

/* Without a path, QMAILQUEUE or the standard one is meant. */
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
	const char *program = target[0] != '\0' ? target : STANDARD_PROGRAM;

	if (setup->queue_program != NULL)
		program = setup->queue_program;
	q->timeout = setup->relay_timeout;
	if (starter_open(&q->starter, program) != 0)
		log_fault(d->log, "cannot start processes", errno);
}

static void
use(const struct delivery *d, struct sandbox_needs *needs)
{
	(void)d;
	needs->receives_descriptors = true;
}

static struct timespec
deadline(const struct queue_delivery *q)
{
	return clock_add(clock_now(), q->timeout);
}

static const struct reply *
fault(struct delivery *d)
{
	log_fault(d->log, "the qmail-queue program cannot be run", errno);
	return &reply_local_fault;
}

static const struct reply *
open_message(struct delivery *d, const struct envelope *e)
{
	struct queue_delivery *q = &d->queue;

	(void)e;
	if (starter_run(&q->starter, &q->program, deadline(q)) != 0)
		return fault(d);
	stream_open_pipe(&q->output, q->program.message);
	return NULL;
}

static void
put(struct queue_delivery *q, struct span octets)
{
	stream_write(&q->output, octets, deadline(q));
}

static void
write_text(struct delivery *d, struct span text)
{
	put(&d->queue, text);
}

/* False if the program did not take all of it. */
static bool
finish(struct queue_delivery *q, int *fd)
{
	stream_flush(&q->output, deadline(q));
	close(*fd);
	*fd = -1;
	return !q->output.broken;
}

static void
put_address(struct queue_delivery *q, const char *letter,
    const struct address *address)
{
	put(q, span_of(letter));
	put(q, address_local(address));
	if (address->kind != ADDRESS_NULL) {
		put(q, span_of("@"));
		put(q, address_domain(address));
	}
	put(q, (struct span){ "", 1 });
}

/* F sender NUL, T recipient NUL ..., NUL. */
static bool
write_envelope(struct queue_delivery *q, const struct envelope *e)
{
	struct address to;
	size_t at = 0;

	stream_open_pipe(&q->output, q->program.envelope);
	put_address(q, "F", &e->sender);
	while (envelope_next(e, &at, &to))
		put_address(q, "T", &to);
	put(q, (struct span){ "", 1 });
	return finish(q, &q->program.envelope);
}

/* The program's own words: "D" before a refusal, "Z" before a fault that will
 * pass. */
static const struct reply *
read_complaint(struct queue_delivery *q)
{
	char octets[QUEUE_COMPLAINT_MAX - 1];
	ssize_t length = read(q->program.complaint, octets, sizeof(octets));
	struct text text = TEXT_IN(q->complaint);

	if (length < 2)
		return &reply_local_fault;
	for (ssize_t i = 1; i < length; i++)
		text_put_char(&text,
		    octets[i] >= ' ' && octets[i] <= '~' ? octets[i] : ' ');
	q->reply = octets[0] == 'D' ? refused : reply_local_fault;
	q->reply.text = q->complaint;
	return &q->reply;
}

static const struct reply *
verdict(struct delivery *d, int status)
{
	int code;

	if (status == -1 || !WIFEXITED(status))
		return fault(d);
	code = WEXITSTATUS(status);
	if (code == 0)
		return NULL;
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
	bool whole = finish(q, &q->program.message) && write_envelope(q, e);
	const struct reply *reply;
	int status;

	if (!whole && q->program.envelope >= 0) {
		close(q->program.envelope);
		q->program.envelope = -1;
	}
	status = starter_wait(&q->starter, deadline(q));
	reply = verdict(d, status);
	/* A program that did not read everything has nothing to accept. */
	if (reply == NULL && !whole)
		reply = fault(d);
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
	.check = check,
	.start = start,
	.use = use,
	.open = open_message,
	.write = write_text,
	.commit = commit,
	.abort = abort_message,
};
