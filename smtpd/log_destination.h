/* Where records go: chosen and opened once, then only written to. */
#ifndef LOG_DESTINATION_H
#define LOG_DESTINATION_H

#include <sys/types.h>

#include "span.h"

struct log_destination {
	enum {
		LOG_TO_NOTHING,
		LOG_TO_JOURNAL,
		LOG_TO_SYSLOG,
		LOG_TO_STDERR
	} to;
	int fd;
	pid_t pid; /* for syslog: the sandbox may not let it be asked */
};

/*
 * The journal if stderr is the stream that journal_stream (JOURNAL_STREAM, or
 * NULL) names; syslog if stderr is closed or is the connection; else stderr,
 * which also stands in for a journal that cannot be reached.
 */
void log_destination_open(struct log_destination *, const char *journal_stream);

/* Writes a datagram or line in one piece. If the other side does not take it
 * now, it is lost. */
void log_destination_write(const struct log_destination *, struct span);

#endif
