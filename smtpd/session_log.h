/* The records that a session leaves in the log (see tarpit-smtpd(8), LOG). */
#ifndef SESSION_LOG_H
#define SESSION_LOG_H

#include <stdint.h>
#include <time.h>

#include "reply.h"
#include "session.h"

/* A 4yz or 5yz reply to the command under way, with the delay before it. */
void session_log_refusal(struct session *, const struct reply *);

/* The message in the envelope, which was handed on; its size in octets. */
void session_log_accepted(struct session *, uint64_t size);

/* The recipient CDB, which cannot be asked: why, and where it was looked for. */
void session_log_no_lookup(struct session *);

/* What the session did, from its begin (CLOCK_MONOTONIC) to now. */
void session_log_summary(struct session *, struct timespec begin);

#endif
