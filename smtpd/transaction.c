#include "transaction.h"

#include "address.h"
#include "session_log.h"
#include "xtext.h"

/* Takes "FROM:" or "TO:" off the front. Spaces behind the colon are not in the
 * grammar, but many senders have them. */
static bool
take_keyword(struct span *argument, const char *keyword)
{
	size_t length = strlen(keyword);

	if (argument->length < length ||
	    !span_equal_nocase((struct span){ argument->data, length },
		span_of(keyword)))
		return false;
	*argument = span_trim(span_from(*argument, length));
	return true;
}

/* RFC 1870, 5: up to 20 digits, which may be more than 64 bits hold. */
static const struct reply *
parameter_size(struct session *s, struct span value)
{
	uint64_t size = 0;

	if (value.length == 0 || value.length > 20)
		return &reply_bad_parameter_value;
	for (size_t i = 0; i < value.length; i++) {
		unsigned digit = (unsigned char)value.data[i] - '0';

		if (digit > 9)
			return &reply_bad_parameter_value;
		size = size > (UINT64_MAX - digit) / 10 ? UINT64_MAX
							: size * 10 + digit;
	}
	if (s->config->data_bytes != 0 && size > s->config->data_bytes)
		return &reply_too_large;
	s->envelope.declared_size = size;
	return NULL;
}

/* RFC 6152, 2. */
static const struct reply *
parameter_body(struct session *s, struct span value)
{
	if (span_equal_nocase(value, span_of("8BITMIME")))
		s->envelope.eight_bit = true;
	else if (!span_equal_nocase(value, span_of("7BIT")))
		return &reply_bad_parameter_value;
	return NULL;
}

/* RFC 6531, 3.4: has no value. */
static const struct reply *
parameter_smtputf8(struct session *s, struct span value)
{
	if (value.data != NULL)
		return &reply_bad_parameter_value;
	s->envelope.smtputf8 = true;
	return NULL;
}

/* RFC 4954, 5: who is said to have submitted the message. Nobody is believed,
 * so it goes no further. */
static const struct reply *
parameter_auth(struct session *s, struct span value)
{
	char path[ADDRESS_TEXT_MAX] = "<";
	size_t length;
	struct span rest;
	struct address submitter;

	if (s->config->auth_socket[0] == '\0')
		return &reply_unknown_parameter;
	if (span_equal(value, span_of("<>")))
		return NULL;
	if (!xtext_decode(value, path + 1, sizeof(path) - 2, &length))
		return &reply_bad_parameter_value;
	path[length + 1] = '>';
	rest = (struct span){ path, length + 2 };
	if (address_parse_path(&rest, &submitter) != ADDRESS_OK ||
	    submitter.kind != ADDRESS_MAILBOX || rest.length > 0)
		return &reply_bad_parameter_value;
	return NULL;
}

static const struct mail_parameter {
	const char *keyword;
	const struct reply *(*take)(struct session *, struct span value);
} mail_parameters[] = {
	{ "SIZE", parameter_size },
	{ "BODY", parameter_body },
	{ "SMTPUTF8", parameter_smtputf8 },
	{ "AUTH", parameter_auth },
};
#define MAIL_PARAMETERS (sizeof(mail_parameters) / sizeof(mail_parameters[0]))

static const struct reply *
take_mail_parameter(struct session *s, const struct parameter *parameter,
    unsigned *seen)
{
	struct span value = parameter->has_value ? parameter->value
						 : (struct span){ NULL, 0 };

	for (size_t i = 0; i < MAIL_PARAMETERS; i++) {
		if (!span_equal_nocase(parameter->keyword,
			span_of(mail_parameters[i].keyword)))
			continue;
		if ((*seen & 1u << i) != 0)
			return &reply_bad_parameter;
		*seen |= 1u << i;
		return mail_parameters[i].take(s, value);
	}
	return &reply_unknown_parameter;
}

static const struct reply *
take_mail_parameters(struct session *s, struct span rest)
{
	struct parameter parameter;
	unsigned seen = 0;

	for (;;) {
		const struct reply *objection;

		switch (address_next_parameter(&rest, &parameter)) {
		case PARAMETER_NONE:
			return NULL;
		case PARAMETER_BAD:
			return &reply_bad_parameter;
		case PARAMETER_FOUND:
			objection = take_mail_parameter(s, &parameter, &seen);
			if (objection != NULL)
				return objection;
		}
	}
}

/* Reads the path behind FROM: or TO:. */
static const struct reply *
take_path(struct span *argument, const char *keyword, struct address *address,
    const struct reply *bad)
{
	if (!take_keyword(argument, keyword))
		return bad;
	switch (address_parse_path(argument, address)) {
	case ADDRESS_OK:
		return NULL;
	case ADDRESS_TOO_LONG:
		return &reply_address_too_long;
	case ADDRESS_BAD:
		break;
	}
	return bad;
}

/* What stands behind MAIL, into an envelope that was empty before. */
static const struct reply *
take_sender(struct session *s, struct span argument)
{
	struct address *sender = &s->envelope.sender;
	const struct reply *objection = take_path(&argument, "FROM:", sender,
	    &reply_bad_sender);

	if (objection != NULL)
		return objection;
	if (sender->kind == ADDRESS_POSTMASTER)
		return &reply_bad_sender;
	objection = take_mail_parameters(s, argument);
	if (objection != NULL)
		return objection;
	if (address_has_utf8(sender) && !s->envelope.smtputf8)
		return &reply_need_smtputf8;
	return NULL;
}

const struct reply *
transaction_mail(struct session *s, struct span argument)
{
	const struct reply *objection;

	if (s->hello_length == 0)
		return &reply_need_hello;
	if (s->config->require_auth && !s->auth.done)
		return &reply_need_authentication;
	if (s->open)
		return &reply_nested_mail;
	if (s->messages >= SESSION_MESSAGES_MAX) {
		s->end = SESSION_TOO_MANY_MESSAGES;
		return &reply_too_many_messages;
	}
	objection = take_sender(s, argument);
	if (objection != NULL) {
		session_reset_transaction(s);
		return objection;
	}
	s->open = true;
	return &reply_sender_ok;
}

/* postmaster without a domain is the one of this host (RFC 5321, 4.5.1). */
static void
complete_postmaster(const struct session *s, struct address *to)
{
	struct span host = span_of(s->config->hostname);

	if (to->kind != ADDRESS_POSTMASTER)
		return;
	to->kind = ADDRESS_MAILBOX;
	memcpy(to->domain, host.data, host.length);
	to->domain_length = host.length;
}

/* As recipients_find, with postmaster of this host for the one without a domain:
 * he may have a delivery address, but need not be there. */
static void
find(const struct session *s, const struct address *to,
    struct recipients_found *found)
{
	struct address here = *to;

	complete_postmaster(s, &here);
	recipients_find(s->recipients, &here, found);
	if (to->kind == ADDRESS_POSTMASTER &&
	    found->answer != RECIPIENTS_CANNOT_TELL &&
	    found->answer != RECIPIENTS_ACCEPTED) {
		found->answer = RECIPIENTS_ACCEPTED;
		found->delivery = here;
	}
}

/* Whether the client may send to any recipient. */
static bool
may_relay(const struct session *s)
{
	return s->config->relay_client != NULL ||
	    (s->auth.done && s->config->relay_authenticated &&
		delivery_is_relay(s->config->delivery));
}

/* Any recipient. The value of RELAYCLIENT is appended, as qmail-smtpd does;
 * without one, who is ours gets mail where it would come from anybody. */
static const struct reply *
relay(struct session *s, const struct address *to, struct address *delivery)
{
	const char *suffix = s->config->relay_client;
	size_t length = suffix != NULL ? strlen(suffix) : 0;
	struct recipients_found found;

	if (length == 0) {
		find(s, to, &found);
		*delivery = found.answer == RECIPIENTS_ACCEPTED ? found.delivery
								: *to;
		return NULL;
	}
	*delivery = *to;
	if (length > sizeof(delivery->domain) - delivery->domain_length)
		return &reply_address_too_long;
	memcpy(delivery->domain + delivery->domain_length, suffix, length);
	delivery->domain_length += length;
	return NULL;
}

static const struct reply *
look_up(struct session *s, const struct address *to, struct address *delivery)
{
	struct recipients_found found;

	find(s, to, &found);
	switch (found.answer) {
	case RECIPIENTS_ACCEPTED:
		*delivery = found.delivery;
		return NULL;
	case RECIPIENTS_TRAP:
		s->trapped = true;
		return &reply_no_such_user;
	case RECIPIENTS_UNKNOWN:
		return &reply_no_such_user;
	case RECIPIENTS_BLOCKED:
		return &reply_blocked;
	case RECIPIENTS_NOT_OURS:
		return &reply_not_ours;
	case RECIPIENTS_CANNOT_TELL:
		break;
	}
	session_log_no_lookup(s);
	return &reply_no_lookup;
}

static const struct reply *
check_recipient(struct session *s, const struct address *to)
{
	struct address delivery;
	const struct reply *objection;

	if (address_has_utf8(to) && !s->envelope.smtputf8)
		return &reply_need_smtputf8;
	if (s->envelope.recipients >= s->config->max_recipients)
		return &reply_too_many_recipients;
	objection = may_relay(s) ? relay(s, to, &delivery)
				 : look_up(s, to, &delivery);
	if (objection != NULL)
		return objection;
	complete_postmaster(s, &delivery);
	if (!envelope_has_room(&s->envelope, &delivery))
		return &reply_too_many_recipients;
	session_send_owed(s);
	objection = delivery_recipient(s->delivery, &s->envelope, &delivery);
	if (objection != NULL)
		return objection;
	envelope_add(&s->envelope, &delivery);
	return &reply_recipient_ok;
}

static const struct reply *
take_recipient(struct session *s, struct span argument)
{
	struct parameter parameter;
	const struct reply *objection = take_path(&argument,
	    "TO:", &s->recipient, &reply_bad_recipient);

	if (objection != NULL)
		return objection;
	if (s->recipient.kind == ADDRESS_NULL)
		return &reply_bad_recipient;
	s->recipient_known = true;
	switch (address_next_parameter(&argument, &parameter)) {
	case PARAMETER_BAD:
		return &reply_bad_parameter;
	case PARAMETER_FOUND:
		return &reply_unknown_parameter;
	case PARAMETER_NONE:
		break;
	}
	return check_recipient(s, &s->recipient);
}

const struct reply *
transaction_rcpt(struct session *s, struct span argument)
{
	const struct reply *reply;

	if (!s->open)
		return &reply_need_mail;
	reply = take_recipient(s, argument);
	if (reply == &reply_recipient_ok) {
		s->recipients_accepted++;
	} else {
		s->recipients_refused++;
		if (reply_is_refusal(reply))
			s->refused++;
		else
			s->deferred++;
	}
	return reply;
}
