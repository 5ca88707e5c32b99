#include "command.h"

#include "address.h"
#include "cdbfile.h"
#include "data.h"

struct verb {
	const char *name;
	const struct reply *(*run)(struct session *, struct span argument);
};

static struct span
trim(struct span s)
{
	while (s.length > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = span_from(s, 1);
	while (s.length > 0 &&
	    (s.data[s.length - 1] == ' ' || s.data[s.length - 1] == '\t'))
		s.length--;
	return s;
}

/* RFC 5321, 4.1.1.1: a hello that is accepted starts afresh. */
static bool
take_hello(struct session *s, struct span host, bool extended)
{
	if (!address_is_domain_or_literal(host))
		return false;
	memcpy(s->hello, host.data, host.length);
	s->hello_length = host.length;
	s->extended = extended;
	session_reset_transaction(s);
	return true;
}

static const struct reply *
cmd_helo(struct session *s, struct span argument)
{
	if (!take_hello(s, argument, false))
		return &reply_bad_host;
	s->made = (struct reply){ 250, "", s->config->hostname };
	return &s->made;
}

static const struct reply *
cmd_ehlo(struct session *s, struct span argument)
{
	struct text text = TEXT_IN(s->made_text);

	if (!take_hello(s, argument, true))
		return &reply_bad_host;
	text_put(&text, s->config->hostname);
	text_put(&text, "\nPIPELINING\nSIZE ");
	text_put_number(&text, s->config->data_bytes);
	text_put(&text, "\n8BITMIME\nSMTPUTF8\nENHANCEDSTATUSCODES");
	s->made = (struct reply){ 250, "", s->made_text };
	return &s->made;
}

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
	*argument = trim(span_from(*argument, length));
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

static const struct mail_parameter {
	const char *keyword;
	const struct reply *(*take)(struct session *, struct span value);
} mail_parameters[] = {
	{ "SIZE", parameter_size },
	{ "BODY", parameter_body },
	{ "SMTPUTF8", parameter_smtputf8 },
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

static const struct reply *
cmd_mail(struct session *s, struct span argument)
{
	const struct reply *objection;

	if (s->hello_length == 0)
		return &reply_need_hello;
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

/* With RELAYCLIENT set, any recipient; its value is appended, as qmail-smtpd
 * does. */
static const struct reply *
relay(const struct session *s, const struct address *to,
    struct address *delivery)
{
	size_t length = strlen(s->config->relay_client);

	*delivery = *to;
	if (length > sizeof(delivery->domain) - delivery->domain_length)
		return &reply_address_too_long;
	memcpy(delivery->domain + delivery->domain_length,
	    s->config->relay_client, length);
	delivery->domain_length += length;
	return NULL;
}

static const struct reply *
look_up(struct session *s, const struct address *to, struct address *delivery)
{
	struct recipients_found found;

	recipients_find(s->recipients, to, &found);
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
	if (s->recipients->error == CDBFILE_DAMAGED)
		log_fault(s->log, "the recipient CDB is damaged", 0);
	else
		log_fault(s->log, "cannot read the recipient CDB",
		    s->recipients->error);
	return &reply_no_lookup;
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

static const struct reply *
check_recipient(struct session *s, const struct address *to)
{
	struct address delivery;
	const struct reply *objection;

	if (address_has_utf8(to) && !s->envelope.smtputf8)
		return &reply_need_smtputf8;
	if (s->envelope.recipients >= s->config->max_recipients)
		return &reply_too_many_recipients;
	objection = s->config->relay_client != NULL ? relay(s, to, &delivery)
						    : look_up(s, to, &delivery);
	if (objection != NULL)
		return objection;
	complete_postmaster(s, &delivery);
	if (!envelope_has_room(&s->envelope, &delivery))
		return &reply_too_many_recipients;
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

static const struct reply *
cmd_rcpt(struct session *s, struct span argument)
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

static const struct reply *
cmd_data(struct session *s, struct span argument)
{
	if (argument.length > 0)
		return &reply_no_argument;
	if (!s->open)
		return &reply_need_mail;
	if (s->envelope.recipients > 0)
		return data_receive(s);
	/* RFC 5321, 3.3; a recipient that could not be checked must be tried
	 * again. */
	if (s->deferred > 0)
		return &reply_only_temporary;
	return s->refused > 0 ? &reply_no_valid_recipient
			      : &reply_need_recipient;
}

static const struct reply *
cmd_rset(struct session *s, struct span argument)
{
	if (argument.length > 0)
		return &reply_no_argument;
	session_reset_transaction(s);
	return &reply_ok;
}

/* RFC 5321, 4.1.1.9: an argument is ignored. */
static const struct reply *
cmd_noop(struct session *s, struct span argument)
{
	(void)s;
	(void)argument;
	return &reply_ok;
}

static const struct reply *
cmd_vrfy(struct session *s, struct span argument)
{
	(void)s;
	return argument.length > 0 ? &reply_cannot_verify
				   : &reply_need_argument;
}

static const struct reply *
cmd_help(struct session *s, struct span argument)
{
	(void)s;
	(void)argument;
	return &reply_help;
}

static const struct reply *
cmd_quit(struct session *s, struct span argument)
{
	if (argument.length > 0)
		return &reply_no_argument;
	s->end = SESSION_QUIT;
	return &reply_goodbye;
}

/* RFC 5321, 4.2.4: known, but not done here. */
static const struct reply *
cmd_not_implemented(struct session *s, struct span argument)
{
	(void)s;
	(void)argument;
	return &reply_not_implemented;
}

static const struct verb verbs[] = {
	{ "HELO", cmd_helo },
	{ "EHLO", cmd_ehlo },
	{ "MAIL", cmd_mail },
	{ "RCPT", cmd_rcpt },
	{ "DATA", cmd_data },
	{ "RSET", cmd_rset },
	{ "NOOP", cmd_noop },
	{ "VRFY", cmd_vrfy },
	{ "HELP", cmd_help },
	{ "QUIT", cmd_quit },
	{ "EXPN", cmd_not_implemented },
	{ "TURN", cmd_not_implemented },
	{ "ETRN", cmd_not_implemented },
	{ "SEND", cmd_not_implemented },
	{ "SOML", cmd_not_implemented },
	{ "SAML", cmd_not_implemented },
	{ "BDAT", cmd_not_implemented },
	{ "STARTTLS", cmd_not_implemented },
	{ "AUTH", cmd_not_implemented },
};

const struct reply *
command_run(struct session *s, struct span line)
{
	struct span name = line;
	const char *space = memchr(line.data, ' ', line.length);

	if (space != NULL)
		name.length = (size_t)(space - line.data);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (span_equal_nocase(name, span_of(verbs[i].name)))
			return verbs[i].run(s,
			    trim(span_from(line, name.length)));
	}
	return &reply_unknown_command;
}
