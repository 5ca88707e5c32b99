#include "proxy.h"

#include "clock.h"
#include "proxy_header.h"

static void
turn_away(struct log *log, const char *reason)
{
	struct log_record record;

	log_begin(&record, LOG_PROXY, "turned away");
	log_put(&record, "REASON", span_of(reason));
	log_send(log, &record);
}

bool
proxy_is_allowed(const struct ranges *from, const struct peer *peer,
    const struct stream *stream, struct log *log)
{
	if (ranges_hold(from, &peer->address))
		return true;
	/* A socket that was reset does not tell any more who it was. */
	if (peer->address.family == IP_NONE && stream_peer_is_gone(stream))
		return false;
	turn_away(log, "no proxy of SMTPD_PROXY_FROM");
	return false;
}

static struct timespec
deadline_of(struct timespec timeout)
{
	const struct timespec wait = { .tv_sec = PROXY_WAIT };

	return clock_add(clock_now(),
	    clock_before(timeout, wait) ? timeout : wait);
}

/* Why no more of the header comes; NULL if nobody waits for an answer to
 * nothing. */
static const char *
reason_of(enum stream_result result, bool begun)
{
	switch (result) {
	case STREAM_TIMEOUT:
		return "no PROXY header in time";
	case STREAM_TERMINATED:
		return "terminated before the end of the PROXY header";
	case STREAM_OK:
	case STREAM_BAD_LINE:
	case STREAM_TOO_LONG:
	case STREAM_ENDLESS:
	case STREAM_EOF:
	case STREAM_ERROR:
		break;
	}
	return begun ? "hang-up before the end of the PROXY header" : NULL;
}

/* False if there is none that can be used; the reason is in it then. */
static bool
read_header(struct stream *stream, struct timespec deadline,
    struct proxy_header *header)
{
	size_t wanted = PROXY_HEADER_MIN;

	for (;;) {
		struct span octets;
		enum stream_result result = stream_read_up_to(stream, wanted,
		    deadline, &octets);

		if (result != STREAM_OK) {
			header->reason = reason_of(result, octets.length > 0);
			return false;
		}
		switch (proxy_header_parse(octets, header)) {
		case PROXY_HEADER_OK:
			return true;
		case PROXY_HEADER_INCOMPLETE:
			wanted = header->length;
			break;
		case PROXY_HEADER_BAD:
			return false;
		}
	}
}

bool
proxy_receive(struct peer *peer, struct stream *stream, struct timespec timeout,
    struct log *log)
{
	struct proxy_header header;

	if (!read_header(stream, deadline_of(timeout), &header)) {
		if (header.reason != NULL)
			turn_away(log, header.reason);
		return false;
	}
	stream_use(stream, header.length);
	/* The octets that count are the client's. */
	stream->received -= header.length;
	if (header.client.family != IP_NONE)
		peer_set(peer, header.client, header.port);
	return true;
}
