#include "tarpit.h"

#include "clock.h"
#include "signals.h"

/* A signal may mean that the peer hung up, that it has sent something, or that
 * we are to end: look, and sleep on if it was but talk. */
static enum tarpit_result
sleep_unless_gone(const struct stream *stream, struct timespec until)
{
	do {
		if (signals_terminated())
			return TARPIT_TERMINATED;
		if (stream_peer_is_gone(stream))
			return TARPIT_PEER_GONE;
	} while (!signals_sleep(until));
	return TARPIT_DONE;
}

bool
tarpit_is_due(const struct tarpit *t)
{
	return !t->exempt && t->free_refusals == 0 && !clock_is_zero(t->delay);
}

enum tarpit_result
tarpit_delay(struct tarpit *t, struct stream *stream,
    struct timespec flush_deadline, struct timespec session_deadline)
{
	struct timespec begin, until;
	enum tarpit_result result;
	bool cut;

	if (!tarpit_is_due(t)) {
		if (t->free_refusals > 0)
			t->free_refusals--;
		return TARPIT_DONE;
	}
	stream_flush(stream, flush_deadline);
	begin = clock_now();
	until = clock_add(begin, t->delay);
	cut = clock_before(session_deadline, until);
	stream_watch(stream, true);
	result = sleep_unless_gone(stream, cut ? session_deadline : until);
	stream_watch(stream, false);
	t->delayed = clock_add(t->delayed, clock_since(clock_now(), begin));
	return result == TARPIT_DONE && cut ? TARPIT_TIMEOUT : result;
}
