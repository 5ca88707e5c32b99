#include "starttls.h"

#include <errno.h>

#include "auth.h"
#include "clock.h"

/* Seconds for the other process to stand ready: the client waits meanwhile. */
#define READY_SECONDS 20

static bool
reach(struct session *s)
{
	struct timespec deadline = clock_add(clock_now(),
	    (struct timespec){ .tv_sec = READY_SECONDS });

	if (clock_before(s->deadline, deadline))
		deadline = s->deadline;
	if (tls_reach(&s->tls, deadline))
		return true;
	log_fault(s->log, "TLS is not available", errno);
	return false;
}

/* RFC 3207, 4.2. */
static void
forget(struct session *s)
{
	s->hello_length = 0;
	s->extended = false;
	auth_forget(s);
	session_reset_transaction(s);
}

static void
start(struct session *s)
{
	if (tls_start(&s->tls, s->stream, session_wait_deadline(s)))
		forget(s);
	else
		s->end = SESSION_TLS_FAILED;
}

static const struct reply *
refuse_text(struct session *s)
{
	s->end = SESSION_TEXT_BEHIND_STARTTLS;
	return &reply_text_behind_starttls;
}

const struct reply *
starttls_run(struct session *s, struct span argument)
{
	if (argument.length > 0)
		return &reply_no_argument;
	if (s->tls.is_active)
		return &reply_tls_is_active;
	if (!tls_is_offered(&s->tls))
		return &reply_not_implemented;
	/* CVE-2011-0411. */
	if (stream_has_input(s->stream))
		return refuse_text(s);
	/* What is owed must not wait with us. */
	stream_flush(s->stream, session_wait_deadline(s));
	if (!reach(s))
		return &reply_no_tls;
	if (stream_has_input(s->stream))
		return refuse_text(s);
	session_send(s, &reply_tls_ready);
	stream_flush(s->stream, session_wait_deadline(s));
	if (s->stream->broken)
		session_interrupt(s, STREAM_ERROR);
	else
		start(s);
	return NULL;
}

void
starttls_at_once(struct session *s)
{
	if (reach(s)) {
		start(s);
		return;
	}
	tls_terms_fail(&s->tls.terms, span_of("not available"));
	s->stream->broken = true;
	s->end = SESSION_TLS_FAILED;
}
