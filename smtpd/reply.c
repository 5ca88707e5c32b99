#include "reply.h"

#include <string.h>

const struct reply reply_ok = { 250, "2.0.0", "OK" };
const struct reply reply_goodbye = { 221, "2.0.0", "Goodbye" };
const struct reply reply_help = { 214, "2.0.0",
	"EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT\n"
	"See RFC 5321" };
const struct reply reply_sender_ok = { 250, "2.1.0", "Sender OK" };
const struct reply reply_recipient_ok = { 250, "2.1.5", "Recipient OK" };
/* RFC 5321, 3.5.3 and 7.3: reveals nothing. */
const struct reply reply_cannot_verify = { 252, "2.5.0",
	"Cannot verify; send the message and see" };
const struct reply reply_send_text = { 354, "",
	"Send the message; end it with <CRLF>.<CRLF>" };
const struct reply reply_message_accepted = { 250, "2.0.0",
	"Message accepted" };
const struct reply reply_tls_ready = { 220, "2.0.0", "Ready to start TLS" };

const struct reply reply_terminated = { 421, "4.3.2", "Service shutting down" };
const struct reply reply_unavailable = { 421, "4.3.0", "Service unavailable" };
const struct reply reply_bad_configuration = { 421, "4.3.5",
	"Service misconfigured" };
const struct reply reply_timeout = { 421, "4.4.2", "Timed out" };
const struct reply reply_too_many_errors = { 421, "4.7.0", "Too many errors" };
const struct reply reply_endless_line = { 421, "4.7.0", "Line without end" };
const struct reply reply_too_many_messages = { 421, "4.7.0",
	"Too many messages on one connection" };
const struct reply reply_no_lookup = { 451, "4.3.0",
	"Cannot check recipients now" };
const struct reply reply_local_fault = { 451, "4.3.0",
	"Local error; try again later" };
const struct reply reply_no_space = { 452, "4.3.1",
	"No space for the message now" };
const struct reply reply_too_many_recipients = { 452, "4.5.3",
	"Too many recipients; send the rest later" };
const struct reply reply_only_temporary = { 451, "4.3.0",
	"No recipient could be checked; try again later" };
const struct reply reply_no_tls = { 454, "4.7.0", "TLS is not available now" };

const struct reply reply_line_too_long = { 500, "5.5.2", "Line too long" };
const struct reply reply_bad_line = { 500, "5.5.2",
	"Line with a bare CR, a bare LF or a NUL" };
const struct reply reply_unknown_command = { 500, "5.5.1", "Unknown command" };
const struct reply reply_not_implemented = { 502, "5.5.1",
	"Command not implemented" };
const struct reply reply_no_argument = { 501, "5.5.4",
	"This command has no argument" };
const struct reply reply_need_argument = { 501, "5.5.4",
	"This command needs an argument" };
const struct reply reply_bad_host = { 501, "5.5.4",
	"Give a domain name or an address literal" };
const struct reply reply_bad_sender = { 501, "5.1.7",
	"Bad sender address syntax" };
const struct reply reply_bad_recipient = { 501, "5.1.3",
	"Bad recipient address syntax" };
const struct reply reply_bad_parameter = { 501, "5.5.4",
	"Bad parameter syntax" };
const struct reply reply_bad_parameter_value = { 501, "5.5.4",
	"Bad parameter value" };
const struct reply reply_unknown_parameter = { 555, "5.5.4",
	"Unknown parameter" };
const struct reply reply_address_too_long = { 501, "5.5.4",
	"Address too long" };
const struct reply reply_need_smtputf8 = { 553, "5.6.7",
	"Non-ASCII address without SMTPUTF8" };
const struct reply reply_need_authentication = { 530, "5.7.0",
	"Authentication required" };
const struct reply reply_need_hello = { 503, "5.5.1", "Say EHLO first" };
const struct reply reply_need_mail = { 503, "5.5.1", "Say MAIL first" };
const struct reply reply_need_recipient = { 503, "5.5.1", "Say RCPT first" };
const struct reply reply_nested_mail = { 503, "5.5.1",
	"A transaction is open already" };
const struct reply reply_tls_is_active = { 503, "5.5.1",
	"TLS is active already" };
const struct reply reply_text_behind_starttls = { 554, "5.5.0",
	"Nothing may come behind STARTTLS before its reply" };
const struct reply reply_no_valid_recipient = { 554, "5.5.1",
	"No valid recipients" };
const struct reply reply_no_such_user = { 550, "5.1.1", "No such user here" };
const struct reply reply_blocked = { 550, "5.7.1",
	"Recipient accepts no mail" };
const struct reply reply_not_ours = { 554, "5.7.1", "Relaying denied" };
const struct reply reply_too_large = { 552, "5.3.4", "Message too large" };
const struct reply reply_bare_line_end = { 554, "5.6.0",
	"Message with a bare CR or LF" };
const struct reply reply_nul = { 554, "5.6.0", "Message with a NUL" };
const struct reply reply_loop = { 554, "5.4.6",
	"Too many hops; mail is looping" };

bool
reply_is_refusal(const struct reply *r)
{
	return r->code >= 500;
}

void
reply_write(struct text *out, const struct reply *r)
{
	const char *line = r->text;

	for (;;) {
		size_t length = strcspn(line, "\n");
		bool last = line[length] == '\0';

		text_put_number(out, r->code);
		text_put_char(out, last ? ' ' : '-');
		if (r->status[0] != '\0') {
			text_put(out, r->status);
			text_put_char(out, ' ');
		}
		text_put_span(out, (struct span){ line, length });
		text_put(out, "\r\n");
		if (last)
			return;
		line += length + 1;
	}
}
