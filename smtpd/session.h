/*
 * One SMTP session: everything known about it, and the loop that reads a line,
 * finds its verb, and answers. Nothing of it is global.
 */
#ifndef SESSION_H
#define SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "auth.h"
#include "config.h"
#include "delivery.h"
#include "envelope.h"
#include "log.h"
#include "peer.h"
#include "recipients.h"
#include "reply.h"
#include "stream.h"
#include "tarpit.h"
#include "tls.h"

/* Messages on one connection; then 421, so that none lasts for ever. */
#define SESSION_MESSAGES_MAX 1000

enum session_end {
	SESSION_GOES_ON,
	SESSION_QUIT,
	SESSION_HUNG_UP,
	SESSION_TIMED_OUT,
	SESSION_TERMINATED,
	SESSION_TOO_MANY_ERRORS,
	SESSION_TOO_MANY_MESSAGES,
	SESSION_ENDLESS_LINE,
	SESSION_TEXT_BEHIND_STARTTLS,
	SESSION_TLS_FAILED,
};

struct session {
	const struct config *config;
	const struct peer *peer;
	struct log *log;
	struct recipients *recipients;
	struct delivery *delivery;
	struct stream *stream;
	struct tarpit tarpit;
	struct auth auth;
	struct tls tls;

	struct timespec deadline; /* of the session */
	enum session_end end;

	/* HELO or EHLO, as given; none has come while its length is 0. */
	char hello[ADDRESS_DOMAIN_MAX];
	size_t hello_length;
	bool extended; /* it was EHLO */

	/* The transaction. */
	bool open;	   /* MAIL was accepted */
	bool finished;	   /* ends with the answer, which is logged with it */
	uint64_t refused;  /* recipients answered with 5yz */
	uint64_t deferred; /* recipients answered with 4yz */
	struct envelope envelope;
	char decoded[STREAM_INPUT_SIZE]; /* text on its way */

	/* The command under way, for the log. */
	struct span line;
	bool recipient_known;
	bool trapped; /* the recipient is a trap */
	struct address recipient;

	/* For the summary. */
	uint64_t recipients_accepted;
	uint64_t recipients_refused;
	uint64_t messages;
	uint64_t refusals;

	/* A reply that is made, not constant: greeting, HELO, EHLO. */
	struct reply made;
	char made_text[REPLY_MAX];
};

/* Runs a session to its end: greeting, commands, summary in the log. What is
 * not yet known of the session is zero. */
void session_run(struct session *);

/* Sends a reply as it is: without delay, record or count. */
void session_send(struct session *, const struct reply *);

/* Sends the answers owed, before the hand-off lets the client wait. */
void session_send_owed(struct session *);

/* When a wait for the client's next words must end: the setting's time from
 * now, but not later than the session. */
struct timespec session_wait_deadline(const struct session *);

/* Ends the session because the client could not be waited for; says 421 where
 * somebody still listens (RFC 5321, 3.8 and 4.5.3.2). */
void session_interrupt(struct session *, enum stream_result why);

/* Finds out anew whether the client is never delayed. */
void session_find_exempt(struct session *);

/* Ends the transaction: sender and recipients are forgotten. */
void session_reset_transaction(struct session *);

#endif
