/*
 * Handing an accepted message on. Each way to do it is a table of functions
 * (delivery_method), chosen by the scheme of SMTPD_DELIVERY. An answer of NULL
 * is "no objection"; our own faults are answered with 4yz.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "address.h"
#include "deliver_queue.h"
#include "deliver_relay.h"
#include "envelope.h"
#include "log.h"
#include "maildir.h"
#include "peer.h"
#include "reply.h"
#include "sandbox.h"
#include "span.h"

struct delivery;

/* What the methods need to know. All of it must outlive the delivery. */
struct delivery_setup {
	const char *target;	       /* SMTPD_DELIVERY */
	const char *hostname;	       /* ours */
	const struct peer *peer;       /* the client */
	struct timespec relay_timeout; /* for each answer of a next hop */
	bool xclient;		       /* SMTPD_XCLIENT */
	const char *queue_program;     /* QMAILQUEUE, NULL if unset */
	struct log *log;
};

struct delivery_method {
	const char *scheme; /* with its colon: "maildir:" */
	bool asks_others;   /* who may let us wait */
	bool is_relay;	    /* mail may go on to anybody */

	/* NULL if what follows the scheme can be used, else the reason. */
	const char *(*check)(const char *target);

	/* Opens, before the sandbox is closed, all that is needed then. A fault
	 * is kept and answered when a message comes. The target is what follows
	 * the scheme. */
	void (*start)(struct delivery *, const struct delivery_setup *,
	    const char *target);

	/* Tells the sandbox what is needed after it was entered. */
	void (*use)(const struct delivery *, struct sandbox_needs *);

	/* Whether a recipient that is ours is taken; it is not yet in the
	 * envelope. NULL as a function: every one is. */
	const struct reply *(*recipient)(struct delivery *,
	    const struct envelope *, const struct address *to);

	/* Begins a message; the recipients are all in the envelope. */
	const struct reply *(*open)(struct delivery *, const struct envelope *);

	/* Text with LF as line end. A failure is kept for commit. */
	void (*write)(struct delivery *, struct span text);

	/* Puts the message on stable storage for every recipient. NULL: it is
	 * there. Anything else: the client may send it again. */
	const struct reply *(
	    *commit)(struct delivery *, const struct envelope *);

	/* What the next hop said of the message that was committed last. NULL as
	 * a function: nothing. */
	const char *(*receipt)(const struct delivery *);

	/* Leaves nothing of an opened message behind. */
	void (*abort)(struct delivery *);

	/* The transaction ends without a message; and the session ends. NULL:
	 * nothing to do. */
	void (*reset)(struct delivery *);
	void (*close)(struct delivery *);
};

struct delivery {
	const struct delivery_method *method;
	struct log *log;
	union {
		struct maildir_delivery maildir;
		struct queue_delivery queue;
		struct relay_delivery relay;
	};
};

/* NULL if the setting can be used, else the reason. */
const char *delivery_check(const char *setting);

/* The program that a setting which can be used starts, or NULL. */
const char *delivery_program(const char *setting, const char *qmailqueue);

/* Whether a setting that can be used hands mail to who can send it on. */
bool delivery_is_relay(const char *setting);

/* Takes a target that delivery_check has taken, and starts its method. */
void delivery_start(struct delivery *, const struct delivery_setup *);

/* Whether an answer may have to wait for another program. */
bool delivery_asks_others(const struct delivery *);

/* See struct delivery_method. An opened message ends with exactly one call of
 * commit or abort. */
void delivery_use(const struct delivery *, struct sandbox_needs *);
const struct reply *delivery_recipient(struct delivery *,
    const struct envelope *, const struct address *to);
const struct reply *delivery_open(struct delivery *, const struct envelope *);
void delivery_write(struct delivery *, struct span text);
const struct reply *delivery_commit(struct delivery *, const struct envelope *);
const char *delivery_receipt(const struct delivery *);
void delivery_abort(struct delivery *);
void delivery_reset(struct delivery *);
void delivery_close(struct delivery *);

extern const struct delivery_method deliver_maildir;
extern const struct delivery_method deliver_queue;
extern const struct delivery_method deliver_smtp;
extern const struct delivery_method deliver_lmtp;

#endif
