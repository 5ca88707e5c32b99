/*
 * The recipient CDB (see tarpit-recipients(5)). Whoever has the file open keeps
 * what it held then: a rebuild puts a new file in its place.
 */
#ifndef RECIPIENTS_H
#define RECIPIENTS_H

#include <stddef.h>

#include "address.h"
#include "cdbfile.h"
#include "text.h"

/* What the data of a record begins with. Anything else is accepted, as the
 * validrcptto.cdb of the qmail world has it. */
#define RECIPIENTS_MARK_BLOCKED '-'
#define RECIPIENTS_MARK_TRAP '!'
#define RECIPIENTS_MARK_DELIVERY '=' /* and the address to deliver to */

#define RECIPIENTS_KEY_MAX (ADDRESS_LOCAL_MAX + 1 + ADDRESS_DOMAIN_MAX)

enum recipients_answer {
	RECIPIENTS_ACCEPTED,
	RECIPIENTS_UNKNOWN,	/* the domain is ours, the address is not */
	RECIPIENTS_BLOCKED,	/* "-" */
	RECIPIENTS_TRAP,	/* "!" */
	RECIPIENTS_NOT_OURS,	/* not a domain of ours */
	RECIPIENTS_CANNOT_TELL, /* missing, unreadable or damaged file */
};

/* Which key decided. */
enum recipients_rule {
	RECIPIENTS_BY_NOTHING,
	RECIPIENTS_BY_ADDRESS,
	RECIPIENTS_BY_BASE_ADDRESS, /* without its subaddress */
	RECIPIENTS_BY_DEFAULT,	    /* "base-default", of the qmail world */
	RECIPIENTS_BY_WHOLE_DOMAIN, /* "@domain" */
	RECIPIENTS_BY_DOMAIN,	    /* "domain": only that it is ours */
	RECIPIENTS_BY_POSTMASTER,   /* always accepted */
};

struct recipients {
	struct cdbfile file;
	int error;		/* errno of the first fault, 0 if none */
	const char *subaddress; /* characters that start a detail */
};

struct recipients_found {
	enum recipients_answer answer;
	enum recipients_rule rule;
	struct address delivery; /* if accepted: where it is delivered */
};

/* Opens the file. A fault is kept and given by every look-up. The subaddress
 * characters must outlive it. */
void recipients_open(struct recipients *, const char *path,
    const char *subaddress);

/*
 * Looks up a mailbox or postmaster in the order: the address, without its
 * subaddress, "@domain", the domain. ASCII letters match in either case. Where
 * the local part has several separators, the longest base address wins; where
 * "-" is one, "base-default" stands for what the base does not take.
 *
 * The delivery address is the one in the data ("=address", followed once), in
 * small letters, or the base address if that decided, or the recipient itself,
 * with the local part as it was given.
 * "postmaster", alone or at a domain of ours, is accepted whatever the file
 * says, unless the file cannot be read.
 */
void recipients_find(struct recipients *, const struct address *,
    struct recipients_found *);

void recipients_close(struct recipients *);

/* Into ASCII small letters, in which keys and the addresses in data are. */
void recipients_fold(struct address *);

/* Appends the key of a folded mailbox: its local part as it is without quotes,
 * "@", its domain. */
void recipients_key(const struct address *, struct text *);

#endif
