/*
 * AUTH (RFC 4954) with PLAIN (RFC 4616) and LOGIN: the dialogue with the
 * client. Whether the password is right, auth_service.h says. No password stays
 * in memory when the answer is known, and none gets into the log.
 */
#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "auth_line.h"
#include "auth_service.h"
#include "reply.h"
#include "span.h"

/* RFC 4954, 4: a line of the dialogue, without its end. */
#define AUTH_RESPONSE_MAX 12288
#define AUTH_RESPONSE_OCTETS (AUTH_RESPONSE_MAX / 4 * 3)

struct session;

struct auth {
	bool done;  /* the session is authenticated */
	bool tried; /* AUTH was said, or a line like it */
	bool wrong; /* the command under way was refused for its password */
	size_t user_length;
	size_t message_length;
	struct auth_service service;

	/* Not touched before a client says AUTH. */
	char user[AUTH_NAME_MAX]; /* if done or wrong */
	/* What PLAIN sends, or LOGIN in two responses. */
	char message[2 * AUTH_RESPONSE_OCTETS + 2];
};

/* Whether EHLO says that AUTH can be used now. */
bool auth_is_offered(const struct session *);

/* The verb, with its dialogue. As command_run. */
const struct reply *auth_run(struct session *, struct span argument);

/* Reduces a line to what may be in the log, if it may hold a password: AUTH
 * itself, what has the word without being another command, as behind a bare LF,
 * or what a client says that was refused half way and goes on. A good line has
 * no bare CR or LF and no NUL.
 * Returns whether it was such a line. */
bool auth_hide(struct session *, bool is_good, struct span *line);

/* Forgets who the client is (RFC 3207, 4.2). */
void auth_forget(struct session *);

#endif
