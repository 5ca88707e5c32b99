/*
 * Handing an accepted message on. Each way to do it is a table of functions
 * (delivery_method), chosen by the scheme of SMTPD_DELIVERY. An answer of NULL
 * is "no objection"; our own faults are answered with 4yz.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "address.h"
#include "envelope.h"
#include "log.h"
#include "maildir.h"
#include "reply.h"
#include "span.h"

struct delivery;

struct delivery_method {
	const char *scheme;	/* with its colon: "maildir:" */

	/* NULL if what follows the scheme can be used, else the reason. */
	const char *(*check)(const char *target);

	/* Opens, before the sandbox is closed, all that is needed then. A fault
	 * is kept and answered when a message comes. Both strings must outlive
	 * the delivery; hostname is ours. */
	void (*start)(struct delivery *, const char *target,
	    const char *hostname);

	/* Begins a message; the recipients are all in the envelope. */
	const struct reply *(*open)(struct delivery *, const struct envelope *);

	/* Text with LF as line end. A failure is kept for commit. */
	void (*write)(struct delivery *, struct span text);

	/* Puts the message on stable storage for every recipient. NULL: it is
	 * there. Anything else: the client may send it again. */
	const struct reply *(*commit)(struct delivery *,
	    const struct envelope *);

	/* Leaves nothing of an opened message behind. */
	void (*abort)(struct delivery *);

	/* The directory below which it writes, -1 if none. */
	int (*root)(const struct delivery *);
};

struct delivery {
	const struct delivery_method *method;
	struct log *log;
	union {
		struct maildir_delivery maildir;
	};
};

/* NULL if the setting can be used, else the reason. */
const char *delivery_check(const char *setting);

/* Takes a setting that delivery_check has taken, and starts its method. */
void delivery_start(struct delivery *, const char *setting,
    const char *hostname, struct log *);

/* The directory below which mail is written, for the sandbox; -1 if none. */
int delivery_root(const struct delivery *);

/* See struct delivery_method. An opened message ends with exactly one call of
 * commit or abort. */
const struct reply *delivery_open(struct delivery *, const struct envelope *);
void delivery_write(struct delivery *, struct span text);
const struct reply *delivery_commit(struct delivery *,
    const struct envelope *);
void delivery_abort(struct delivery *);

extern const struct delivery_method deliver_maildir;

#endif
