#include "log.h"

#include <stdbool.h>
#include <string.h>

#define IDENTIFIER "tarpit-smtpd"
#define FACILITY_MAIL 2 /* RFC 3164, 4.1.1 */

/* Kept free in a record for the address and port of the peer. */
#define PEER_ROOM 128

struct event {
	const char *message_id;
	unsigned priority; /* as in syslog(3) */
};

/* None is below notice: the unit drops what is, for the manager writes two such
 * records about each connection. */
static const struct event events[] = {
	[LOG_SESSION] = { "0eb3758e428c433788638c68032d889a", 5 },
	[LOG_ACCEPTED] = { "547a93e5924943e689f26362a2a34acb", 5 },
	[LOG_REFUSED] = { "84385c00944f4bcd99452eece303bf7d", 5 },
	[LOG_FAULT] = { "533cdecd909a4c879cb8cdedfe76fd53", 3 },
	[LOG_CONFIGURATION] = { "e5a2aea403f84144a03f47e7ed76d036", 3 },
	[LOG_PROXY] = { "2ee166b06f434db38c4928ee563da50a", 4 },
};

void
log_open(struct log *log, const char *journal_stream)
{
	log_destination_open(&log->destination, journal_stream);
	log->peer = NULL;
	log->records = 0;
}

void
log_begin(struct log_record *record, enum log_event event, const char *what)
{
	record->event = event;
	record->message = TEXT_IN(record->message_buffer);
	record->message.size -= PEER_ROOM;
	record->fields = TEXT_IN(record->fields_buffer);
	record->fields.size -= PEER_ROOM;
	text_put_escaped(&record->message, span_of(what));
}

static bool
has_room(const struct text *text, size_t length)
{
	return length < text->size - text->length;
}

/* An empty value, or one with octets that mean something in a list of
 * key=value, stands in quotes. */
static bool
needs_quotes(struct span value)
{
	static const char special[] = { ' ', '"', '=', '\\' };

	for (size_t i = 0; i < sizeof(special); i++)
		if (value.length > 0 &&
		    memchr(value.data, special[i], value.length) != NULL)
			return true;
	return value.length == 0;
}

static void
put_small_letters(struct text *text, const char *name)
{
	for (; *name != '\0'; name++) {
		bool capital = *name >= 'A' && *name <= 'Z';

		text_put_char(text,
		    (char)(capital ? *name + 'a' - 'A' : *name));
	}
}

static void
put_field(struct log_record *record, const char *name, struct span value)
{
	const char *quote = needs_quotes(value) ? "\"" : "";
	struct text *message = &record->message;
	struct text *fields = &record->fields;
	size_t length = strlen(name) + value.length;

	if (!has_room(message, length + strlen(": =\"\"")) ||
	    !has_room(fields, length + strlen("=\n")))
		return;
	text_put(message, fields->length == 0 ? ": " : " ");
	put_small_letters(message, name);
	text_put_char(message, '=');
	text_put(message, quote);
	text_put_span(message, value);
	text_put(message, quote);

	text_put(fields, name);
	text_put_char(fields, '=');
	text_put_span(fields, value);
	text_put_char(fields, '\n');
}

void
log_put(struct log_record *record, const char *name, struct span value)
{
	static const char cut[] = "...";
	char buffer[LOG_VALUE_MAX + sizeof(cut)];
	struct text escaped = TEXT_IN(buffer);

	escaped.size = LOG_VALUE_MAX + 1;
	text_put_escaped(&escaped, value);
	if (escaped.overflow) {
		escaped.size = sizeof(buffer);
		escaped.overflow = false;
		text_put(&escaped, cut);
	}
	put_field(record, name, text_span(&escaped));
}

void
log_put_number(struct log_record *record, const char *name, uint64_t value)
{
	char buffer[24];
	struct text digits = TEXT_IN(buffer);

	text_put_number(&digits, value);
	put_field(record, name, text_span(&digits));
}

static void
put_peer(struct log_record *record, const struct peer *peer)
{
	record->message.size += PEER_ROOM;
	record->fields.size += PEER_ROOM;
	if (peer == NULL)
		return;
	if (peer->text[0] != '\0')
		log_put(record, "REMOTE_ADDR", span_of(peer->text));
	if (peer->port[0] != '\0')
		log_put(record, "REMOTE_PORT", span_of(peer->port));
}

/* Fields as in systemd.journal-fields(7). No value holds a line end, so the
 * simple form of the protocol is enough. */
static void
put_journal_fields(struct text *output, const struct log_record *record)
{
	const struct event *event = &events[record->event];

	text_put(output, "SYSLOG_IDENTIFIER=" IDENTIFIER "\nSYSLOG_FACILITY=");
	text_put_number(output, FACILITY_MAIL);
	text_put(output, "\nPRIORITY=");
	text_put_number(output, event->priority);
	text_put(output, "\nMESSAGE_ID=");
	text_put(output, event->message_id);
	text_put(output, "\nMESSAGE=");
	text_put_span(output, text_span(&record->message));
	text_put_char(output, '\n');
	text_put_span(output, text_span(&record->fields));
}

/* RFC 3164, but for the time stamp, which every syslogd puts in when it is not
 * there: it would have to be local time, and no zone file is read here. */
static void
put_syslog_message(struct text *output, const struct log_record *record,
    pid_t pid)
{
	text_put_char(output, '<');
	text_put_number(output,
	    8 * FACILITY_MAIL + events[record->event].priority);
	text_put(output, ">" IDENTIFIER "[");
	text_put_number(output, (uint64_t)pid);
	text_put(output, "]: ");
	text_put_span(output, text_span(&record->message));
}

/* False if there were too many of its kind. */
static bool
is_within_bound(struct log *log, enum log_event event)
{
	if (event != LOG_REFUSED && event != LOG_FAULT)
		return true;
	return log->records++ < LOG_RECORDS_MAX;
}

void
log_send(struct log *log, struct log_record *record)
{
	char buffer[2 * LOG_RECORD_SIZE + 256];
	struct text output = TEXT_IN(buffer);

	if (!is_within_bound(log, record->event))
		return;
	put_peer(record, log->peer);
	switch (log->destination.to) {
	case LOG_TO_NOTHING:
		return;
	case LOG_TO_JOURNAL:
		put_journal_fields(&output, record);
		break;
	case LOG_TO_SYSLOG:
		put_syslog_message(&output, record, log->destination.pid);
		break;
	case LOG_TO_STDERR:
		text_put_span(&output, text_span(&record->message));
		text_put_char(&output, '\n');
		break;
	}
	log_destination_write(&log->destination, text_span(&output));
}

void
log_fault(struct log *log, const char *what, int error)
{
	struct log_record record;

	log_begin(&record, LOG_FAULT, what);
	if (error != 0)
		log_put(&record, "ERROR", span_of(strerror(error)));
	log_send(log, &record);
}
