/*
 * What the server says. A reply is a constant; a check returns a pointer to
 * one, and NULL is "no objection". Only the session sends.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>

#include "text.h"

/* RFC 5321, 4.5.3.1.5 allows 512 a line; the longest here has some lines. */
#define REPLY_MAX 2048

struct reply {
	unsigned code;	    /* RFC 5321, 4.2 */
	const char *status; /* RFC 3463; "" where RFC 2034 has none */
	const char *text;   /* lines with LF between them */
};

/* 5yz: what the tar pit delays. */
bool reply_is_refusal(const struct reply *);

/* Appends the reply as it goes to the client: every line with the code and
 * the status, ended by CRLF. */
void reply_write(struct text *, const struct reply *);

extern const struct reply reply_ok;
extern const struct reply reply_goodbye;
extern const struct reply reply_help;
extern const struct reply reply_sender_ok;
extern const struct reply reply_recipient_ok;
extern const struct reply reply_cannot_verify;
extern const struct reply reply_send_text;
extern const struct reply reply_message_accepted;
extern const struct reply reply_tls_ready;

extern const struct reply reply_terminated;
extern const struct reply reply_unavailable;
extern const struct reply reply_bad_configuration;
extern const struct reply reply_timeout;
extern const struct reply reply_too_many_errors;
extern const struct reply reply_endless_line;
extern const struct reply reply_too_many_messages;
extern const struct reply reply_no_lookup;
extern const struct reply reply_local_fault;
extern const struct reply reply_no_space;
extern const struct reply reply_too_many_recipients;
extern const struct reply reply_only_temporary;
extern const struct reply reply_no_tls;

extern const struct reply reply_line_too_long;
extern const struct reply reply_bad_line;
extern const struct reply reply_unknown_command;
extern const struct reply reply_not_implemented;
extern const struct reply reply_no_argument;
extern const struct reply reply_need_argument;
extern const struct reply reply_bad_host;
extern const struct reply reply_bad_sender;
extern const struct reply reply_bad_recipient;
extern const struct reply reply_bad_parameter;
extern const struct reply reply_bad_parameter_value;
extern const struct reply reply_unknown_parameter;
extern const struct reply reply_address_too_long;
extern const struct reply reply_need_smtputf8;
extern const struct reply reply_need_authentication;
extern const struct reply reply_need_hello;
extern const struct reply reply_need_mail;
extern const struct reply reply_need_recipient;
extern const struct reply reply_nested_mail;
extern const struct reply reply_tls_is_active;
extern const struct reply reply_text_behind_starttls;
extern const struct reply reply_no_valid_recipient;
extern const struct reply reply_no_such_user;
extern const struct reply reply_blocked;
extern const struct reply reply_not_ours;
extern const struct reply reply_too_large;
extern const struct reply reply_bare_line_end;
extern const struct reply reply_nul;
extern const struct reply reply_loop;

#endif
