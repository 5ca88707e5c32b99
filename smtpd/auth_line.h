/*
 * The lines of Dovecot's authentication protocol, version 1: what a service
 * says, and what it is asked. Fields lie between tabs. Pure.
 */
#ifndef AUTH_LINE_H
#define AUTH_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "peer.h"
#include "span.h"
#include "text.h"

/* Octets of a user's name. RFC 4616, 2: at least so many must be taken. */
#define AUTH_NAME_MAX 255

enum auth_line_kind {
	AUTH_LINE_OTHER, /* nothing that we need to know */
	AUTH_LINE_VERSION,
	AUTH_LINE_PLAIN, /* the service offers PLAIN */
	AUTH_LINE_DONE,	 /* it has told all of itself */
	AUTH_LINE_OK,
	AUTH_LINE_FAIL,
	AUTH_LINE_CONTINUE,
	AUTH_LINE_BAD, /* begins as one of these and goes on as none */
};

struct auth_line {
	enum auth_line_kind kind;
	uint32_t number; /* of the request; of a version, its first part */
	bool temporary;	 /* FAIL: nothing is known of the password */
	size_t user_length;
	char user[AUTH_NAME_MAX]; /* OK: the service's name for him */
};

/* Reads one line, without its LF. */
void auth_line_read(struct auth_line *, struct span line);

/* Who asks, whose message of PLAIN (RFC 4616) it is, and how it came. */
struct auth_request {
	uint32_t number;
	struct span message;
	bool secured; /* by TLS */
	const struct peer *client;
};

/* Appends what begins the dialogue with the service: the version, and which
 * process we are. */
void auth_line_hello(struct text *, uint32_t process);

/* Appends a request, with its LF. */
void auth_line_request(struct text *, const struct auth_request *);

#endif
