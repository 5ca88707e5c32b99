/*
 * One record per event: to the journal by its native protocol when stderr is
 * the journal, to syslog when stderr is the connection or is closed, else as a
 * line on stderr. Everything from outside is escaped. A log that cannot be
 * written is given up in silence: it never holds up or ends a session.
 */
#ifndef LOG_H
#define LOG_H

#include <stdint.h>

#include "log_destination.h"
#include "peer.h"
#include "span.h"
#include "text.h"

/* Records of refusals and faults per session; what comes after is only
 * counted, and told in the summary. */
#define LOG_RECORDS_MAX 100
/* A line of at most PIPE_BUF octets is written to a pipe in one piece. */
#define LOG_RECORD_SIZE 4096
/* The four texts of a client that one record has fit in it side by side. */
#define LOG_VALUE_MAX 800

/* Each has its MESSAGE_ID in units/tarpit-smtpd.catalog. */
enum log_event {
	LOG_SESSION,	   /* the summary at the end of a session */
	LOG_ACCEPTED,	   /* a message was handed on */
	LOG_REFUSED,	   /* a 4yz or 5yz reply */
	LOG_FAULT,	   /* something of our own does not work */
	LOG_CONFIGURATION, /* a setting cannot be used */
	LOG_PROXY,	   /* not what SMTPD_PROXY asks for */
};

struct log {
	struct log_destination destination;
	const struct peer *peer; /* NULL until known; in every record */
	uint64_t records;	 /* of refusals and faults so far */
};

struct log_record {
	enum log_event event;
	struct text message; /* "what: key=value ..." for people */
	struct text fields;  /* NAME=value lines for the journal */
	char message_buffer[LOG_RECORD_SIZE];
	char fields_buffer[LOG_RECORD_SIZE];
};

/* Chooses where records go and opens it. journal_stream is JOURNAL_STREAM of
 * the environment or NULL (systemd.exec(5)). */
void log_open(struct log *, const char *journal_stream);

/* A record is begun, gets its fields, and is sent. Names are journal field
 * names (capitals and underscores); as key=value they are in small letters.
 * All texts are escaped. A value longer than LOG_VALUE_MAX is cut and ends with
 * "..."; a field for which there is no room is left out. */
void log_begin(struct log_record *, enum log_event, const char *what);
void log_put(struct log_record *, const char *name, struct span value);
void log_put_number(struct log_record *, const char *name, uint64_t value);
void log_send(struct log *, struct log_record *);

/* A LOG_FAULT record in one call: what could not be done, and its errno (0:
 * none). */
void log_fault(struct log *, const char *what, int error);

#endif
