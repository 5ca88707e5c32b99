#include "data.h"

#include "message.h"
#include "received.h"
#include "session_log.h"

static const struct reply *
fault_reply(enum message_fault fault)
{
	switch (fault) {
	case MESSAGE_FINE:
		break;
	case MESSAGE_BARE_LINE_END:
		return &reply_bare_line_end;
	case MESSAGE_NUL:
		return &reply_nul;
	case MESSAGE_TOO_LARGE:
		return &reply_too_large;
	case MESSAGE_LOOPS:
		return &reply_loop;
	}
	return NULL;
}

static void
write_trace(struct session *s)
{
	char buffer[RECEIVED_MAX];
	struct text text = TEXT_IN(buffer);
	struct received received = {
		.hello = { s->hello, s->hello_length },
		.peer = s->peer,
		.hostname = s->config->hostname,
		.extended = s->extended,
		.authenticated = s->auth.done,
		.tls = s->tls.is_active ? &s->tls.terms : NULL,
		.envelope = &s->envelope,
	};

	clock_gettime(CLOCK_REALTIME, &received.time);
	received_write(&text, &received);
	delivery_write(s->delivery, text_span(&text));
}

static enum stream_result
copy_text(struct session *s, struct message *message)
{
	while (!message->ended) {
		struct span octets;
		size_t length;
		enum stream_result result = stream_read(s->stream,
		    session_wait_deadline(s), &octets);

		if (result != STREAM_OK)
			return result;
		stream_use(s->stream,
		    message_decode(message, octets, s->decoded, &length));
		delivery_write(s->delivery,
		    (struct span){ s->decoded, length });
	}
	return STREAM_OK;
}

static const struct reply *
hand_on(struct session *s, const struct message *message)
{
	const struct reply *objection = fault_reply(message->fault);

	if (objection != NULL) {
		delivery_abort(s->delivery);
		return objection;
	}
	session_send_owed(s);
	objection = delivery_commit(s->delivery, &s->envelope);
	if (objection != NULL)
		return objection;
	s->messages++;
	session_log_accepted(s, message->size);
	return &reply_message_accepted;
}

const struct reply *
data_receive(struct session *s)
{
	struct message message;
	enum stream_result result;
	const struct reply *reply;

	session_send_owed(s);
	reply = delivery_open(s->delivery, &s->envelope);
	if (reply != NULL)
		return reply;
	write_trace(s);
	session_send(s, &reply_send_text);
	message_start(&message, s->config->data_bytes);
	s->line = span_of("DATA"); /* the stream's buffer is used anew */
	result = copy_text(s, &message);
	if (result != STREAM_OK) {
		delivery_abort(s->delivery);
		session_interrupt(s, result);
		return NULL;
	}
	s->finished = true;
	return hand_on(s, &message);
}
