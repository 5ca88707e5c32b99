#include "command.h"

#include "address.h"
#include "auth.h"
#include "data.h"
#include "starttls.h"
#include "transaction.h"

struct verb {
	const char *name;
	const struct reply *(*run)(struct session *, struct span argument);
};

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
	if (tls_is_offered(&s->tls))
		text_put(&text, "\nSTARTTLS");
	if (auth_is_offered(s))
		text_put(&text, "\nAUTH PLAIN LOGIN");
	s->made = (struct reply){ 250, "", s->made_text };
	return &s->made;
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
	{ "MAIL", transaction_mail },
	{ "RCPT", transaction_rcpt },
	{ "DATA", cmd_data },
	{ "RSET", cmd_rset },
	{ "NOOP", cmd_noop },
	{ "VRFY", cmd_vrfy },
	{ "STARTTLS", starttls_run },
	{ "HELP", cmd_help },
	{ "QUIT", cmd_quit },
	{ "EXPN", cmd_not_implemented },
	{ "TURN", cmd_not_implemented },
	{ "ETRN", cmd_not_implemented },
	{ "SEND", cmd_not_implemented },
	{ "SOML", cmd_not_implemented },
	{ "SAML", cmd_not_implemented },
	{ "BDAT", cmd_not_implemented },
	{ "AUTH", auth_run },
};

/* Takes the verb off the front; NULL if it is none. */
static const struct verb *
take_verb(struct span *line)
{
	struct span name = *line;
	const char *space = memchr(line->data, ' ', line->length);

	if (space != NULL)
		name.length = (size_t)(space - line->data);
	*line = span_trim(span_from(*line, name.length));
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (span_equal_nocase(name, span_of(verbs[i].name)))
			return &verbs[i];
	return NULL;
}

bool
command_is_known(struct span line)
{
	return take_verb(&line) != NULL;
}

const struct reply *
command_run(struct session *s, struct span line)
{
	const struct verb *verb = take_verb(&line);

	return verb != NULL ? verb->run(s, line) : &reply_unknown_command;
}
