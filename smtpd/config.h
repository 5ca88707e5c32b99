/* The environment, read once and nowhere else, as settings that fit. */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "ranges.h"

/* RFC 1035, 2.3.4. */
#define CONFIG_HOSTNAME_MAX 255
/* More is a configuration error, as with Exchange. */
#define CONFIG_DELAY_MAX 600

/* Texts point into the environment or are constants. */
struct config {
	struct timespec tarpit_delay;		/* TARPITDELAY */
	uint64_t tarpit_count;			/* TARPITCOUNT */
	const char *recipients;			/* SMTPD_RECIPIENTS */
	const char *delivery;			/* SMTPD_DELIVERY */
	char hostname[CONFIG_HOSTNAME_MAX + 1]; /* SMTPD_HOSTNAME */
	struct ranges exempt;			/* SMTPD_EXEMPT */
	const char *relay_client;		/* RELAYCLIENT, NULL if unset */
	uint64_t data_bytes;			/* DATABYTES, 0 is no limit */
	uint64_t max_recipients;		/* MAXRCPT */
	uint64_t max_errors;			/* SMTPD_MAX_ERRORS */
	struct timespec timeout;		/* SMTPD_TIMEOUT */
	struct timespec session_timeout;	/* SMTPD_SESSION_TIMEOUT */
	const char *subaddress;			/* SMTPD_SUBADDRESS */

	/* Which of them were set, by the order of config.c's table. */
	uint32_t from_environment;
	bool seccomp;		       /* SMTPD_SECCOMP */
	struct timespec relay_timeout; /* SMTPD_RELAY_TIMEOUT */
	bool xclient;		       /* SMTPD_XCLIENT */
	const char *queue_program;     /* QMAILQUEUE, NULL if unset */
	const char *tls_socket;	       /* SMTPD_TLS_SOCKET, "" is none */
	const char *tls_ports;	       /* SMTPD_TLS_PORTS */
	const char *auth_socket;       /* SMTPD_AUTH_SOCKET, "" is none */
	bool auth_plaintext;	       /* SMTPD_AUTH_PLAINTEXT */
	bool require_auth;	       /* SMTPD_REQUIRE_AUTH */
	bool relay_authenticated;      /* SMTPD_RELAY_AUTHENTICATED */
	bool proxy;		       /* SMTPD_PROXY */
	struct ranges proxy_from;      /* SMTPD_PROXY_FROM */

	/* Not settings: what the starter says of the connection and of
	 * stderr; NULL if unset. */
	const char *remote_address; /* REMOTE_ADDR, TCPREMOTEIP */
	const char *remote_port;    /* REMOTE_PORT, TCPREMOTEPORT */
	const char *journal_stream; /* JOURNAL_STREAM */

	/* Nor are these: descriptors that the starter has TLS on; 0 if unset. */
	int tls_control_fd; /* SSLCTLFD */
	int tls_input_fd;   /* SSLREADFD */
	int tls_output_fd;  /* SSLWRITEFD */
};

struct config_error {
	const char *name; /* of the variable */
	const char *value;
	const char *reason; /* what would be right */
	size_t position;    /* where in the value, from 1; 0: all of it */
};

/* Fills what is no setting. Comes first. */
void config_load_starter(struct config *);

/* Takes the peer out of the environment: the program of a hand-off, which gets
 * it, must not take a proxy for the client. */
void config_forget_peer(void);

/*
 * Fills every setting from the environment or its default. A value that cannot
 * be used leaves the default in place and becomes an error. The lists of ranges
 * are asked for the peer while they are read.
 * Returns how many errors there are and stores the first max of them.
 */
size_t config_load(struct config *, const struct ip_address *peer,
    struct config_error *errors, size_t max);

/* Prints every setting, one NAME=VALUE a line, with where it came from: the
 * "environment" or the "default". RELAYCLIENT may be "unset". */
void config_show(const struct config *, FILE *);

/* Prints one error as a line: NAME: value "..." at position N: reason. The value
 * is escaped. */
void config_print_error(const struct config_error *, FILE *);

#endif
