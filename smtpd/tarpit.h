/*
 * The tar pit: which replies are late, and by how much. Every 5.x.x of a
 * session that is not exempt, whatever caused it; never a 2xx or 4xx.
 */
#ifndef TARPIT_H
#define TARPIT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "stream.h"

struct tarpit {
	struct timespec delay;
	uint64_t free_refusals; /* refusals that come without delay */
	bool exempt;
	struct timespec delayed; /* so far, in this session */
};

enum tarpit_result {
	TARPIT_DONE,	   /* the delay is over, or there is none */
	TARPIT_PEER_GONE,  /* the peer hung up meanwhile */
	TARPIT_TIMEOUT,	   /* the session's time is over */
	TARPIT_TERMINATED, /* SIGTERM */
};

/* Whether the next refusal will be late. */
bool tarpit_is_due(const struct tarpit *);

/*
 * Sleeps before a refusal, if it is to be late. What is owed to the client is
 * flushed first, by a deadline of its own; what it sends meanwhile neither
 * shortens nor skips the delay; a hang-up ends it at once. The delay never
 * lasts beyond the session's deadline.
 */
enum tarpit_result tarpit_delay(struct tarpit *, struct stream *,
    struct timespec flush_deadline, struct timespec session_deadline);

#endif
