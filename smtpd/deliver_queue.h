/* What the qmail-queue hand-off keeps of the message under way. */
#ifndef DELIVER_QUEUE_H
#define DELIVER_QUEUE_H

#include <stdbool.h>
#include <time.h>

#include "reply.h"
#include "starter.h"
#include "stream.h"

/* Octets of what the program says why it refuses. */
#define QUEUE_COMPLAINT_MAX 256

struct queue_delivery {
	struct starter starter;
	struct timespec timeout; /* for each answer of the program */
	struct starter_program program;
	struct stream output; /* to the program's descriptor 0 or 1 */
	struct reply reply;
	char complaint[QUEUE_COMPLAINT_MAX];
};

/* NULL if the program can be run, else the reason why not. */
const char *deliver_queue_check(const char *program);

/* The program of the hand-off: QMAILQUEUE if it is set (not NULL), else what
 * follows "qmail-queue:", else the one where qmail has it. */
const char *deliver_queue_program(const char *target, const char *qmailqueue);

/* Whether it runs with rights of its own, setuid or setgid. */
bool deliver_queue_has_rights(const char *program);

#endif
