/*
 * Asking Dovecot's authentication service, over its local socket, whether a
 * password is right. The connection is made when it is first needed, and serves
 * until it breaks: then there is no other in this session.
 */
#ifndef AUTH_SERVICE_H
#define AUTH_SERVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "auth_line.h"
#include "sandbox.h"
#include "span.h"
#include "stream.h"

/* The longest message of PLAIN that is passed on: two names and a password. The
 * service takes no line of more than 8192 octets. */
#define AUTH_MESSAGE_MAX 4096

/* Seconds that the service has for one answer. It holds back its refusals for
 * up to 17. */
#define AUTH_SERVICE_SECONDS 60

enum auth_verdict {
	AUTH_RIGHT,
	AUTH_WRONG,
	AUTH_CANNOT_TELL,
	AUTH_NOBODY_WAITS, /* the client has hung up */
};

struct auth_service {
	const char *path; /* SMTPD_AUTH_SOCKET */
	int socket;	  /* -1: none */
	uint32_t process; /* our number: how it tells its clients apart */
	bool connected;
	bool client_is_gone; /* it has hung up while we waited */
	uint32_t requests;

	/* Why it cannot be told: what it did, and an errno or 0. */
	const char *trouble;
	int error;

	/* Memory that is not touched before it is asked. */
	struct stream stream;
	char said[2 * AUTH_MESSAGE_MAX];
	struct auth_line heard; /* the last line; with AUTH_RIGHT, the user's */
};

/* Makes the socket; what is needed for it cannot be had in the sandbox. The
 * path must outlive it; "" is none. A fault is kept and told later. */
void auth_service_start(struct auth_service *, const char *path);

/* Tells the sandbox what is needed after it was entered. */
void auth_service_use(const struct auth_service *, struct sandbox_needs *);

/*
 * Asks, for the client at the other end of the stream. The number of the request
 * is made here; no copy of the message is left behind. Takes no longer than to
 * the deadline or AUTH_SERVICE_SECONDS.
 */
enum auth_verdict auth_service_ask(struct auth_service *, struct auth_request,
    const struct stream *client, struct timespec deadline);

/* Hangs up. */
void auth_service_close(struct auth_service *);

#endif
