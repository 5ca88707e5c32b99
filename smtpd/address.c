#include "address.h"

#include <string.h>

#include "grammar.h"

/* Takes c off the front of *in if it stands there. */
static bool
take(struct span *in, char c)
{
	if (in->length == 0 || in->data[0] != c)
		return false;
	*in = span_from(*in, 1);
	return true;
}

static struct span
take_length(struct span *in, size_t length)
{
	struct span taken = { in->data, length };

	*in = span_from(*in, length);
	return taken;
}

/* Counts the octets behind the limit as well, so that the grammar is judged
 * before the length. */
static void
put_local(struct address *a, struct span octets)
{
	size_t at = a->local_length;

	for (size_t i = 0; i < octets.length && at < ADDRESS_LOCAL_MAX; i++)
		a->local[at++] = octets.data[i];
	a->local_length += octets.length;
}

static bool
is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* What stands behind the first quote, up to and with the last. */
static bool
parse_quoted(struct span *in, struct address *a)
{
	while (!take(in, '"')) {
		bool pair = take(in, '\\');
		size_t length;

		if (in->length == 0)
			return false;
		if (is_printable(in->data[0]))
			length = 1;
		else
			length = pair ? 0 : grammar_utf8(*in);
		if (length == 0)
			return false;
		put_local(a, take_length(in, length));
	}
	return true;
}

/* An empty local part, which the grammar allows between quotes, is refused:
 * everywhere else "@domain" means a whole domain. */
static bool
parse_local(struct span *in, struct address *a)
{
	if (take(in, '"'))
		return parse_quoted(in, a) && a->local_length > 0;
	put_local(a, take_length(in, grammar_dot_string(*in)));
	return a->local_length > 0;
}

/* A domain name or an address literal; its length is 0 if there is none. */
static struct span
take_domain(struct span *in)
{
	size_t length = grammar_domain(*in);

	if (length == 0)
		length = grammar_literal(*in);
	return take_length(in, length);
}

static bool
parse_domain(struct span *in, struct address *a)
{
	struct span domain = take_domain(in);

	a->domain_length = domain.length;
	if (domain.length > 0 && domain.length <= ADDRESS_DOMAIN_MAX)
		memcpy(a->domain, domain.data, domain.length);
	return domain.length > 0;
}

static void
make_null(struct address *a)
{
	a->kind = ADDRESS_NULL;
	a->local_length = 0;
	a->domain_length = 0;
}

static bool
parse_mailbox(struct span *in, struct address *a)
{
	a->kind = ADDRESS_MAILBOX;
	return parse_local(in, a) && take(in, '@') && parse_domain(in, a);
}

/* Takes "@one,@two:". */
static bool
skip_source_route(struct span *in)
{
	do {
		size_t length;

		if (!take(in, '@'))
			return false;
		length = grammar_domain(*in);
		if (length == 0)
			return false;
		*in = span_from(*in, length);
	} while (take(in, ','));
	return take(in, ':');
}

static bool
take_postmaster(struct span *in, struct address *a)
{
	static const char bracketed[] = "postmaster>";
	const size_t length = sizeof(bracketed) - 1;

	if (in->length < length ||
	    strncasecmp(in->data, bracketed, length) != 0)
		return false;
	a->kind = ADDRESS_POSTMASTER;
	put_local(a, take_length(in, length - 1));
	return take(in, '>');
}

static bool
parse_path(struct span *in, struct address *a)
{
	if (!take(in, '<'))
		return false;
	if (take(in, '>') || take_postmaster(in, a))
		return true;
	if (in->length > 0 && in->data[0] == '@' && !skip_source_route(in))
		return false;
	return parse_mailbox(in, a) && take(in, '>');
}

static enum address_result
judge_length(const struct address *a)
{
	if (a->local_length > ADDRESS_LOCAL_MAX ||
	    a->domain_length > ADDRESS_DOMAIN_MAX)
		return ADDRESS_TOO_LONG;
	return ADDRESS_OK;
}

enum address_result
address_parse_path(struct span *args, struct address *a)
{
	make_null(a);
	return parse_path(args, a) ? judge_length(a) : ADDRESS_BAD;
}

enum address_result
address_parse_mailbox(struct span text, struct address *a)
{
	make_null(a);
	if (!parse_mailbox(&text, a) || text.length > 0)
		return ADDRESS_BAD;
	return judge_length(a);
}

static bool
has_octet_outside_ascii(struct span s)
{
	for (size_t i = 0; i < s.length; i++)
		if ((s.data[i] & 0x80) != 0)
			return true;
	return false;
}

bool
address_is_domain_or_literal(struct span text)
{
	struct span rest = text;
	struct span domain = take_domain(&rest);

	return domain.length > 0 && domain.length <= ADDRESS_DOMAIN_MAX &&
	    rest.length == 0 && !has_octet_outside_ascii(text);
}

bool
address_has_utf8(const struct address *a)
{
	return has_octet_outside_ascii(address_local(a)) ||
	    has_octet_outside_ascii(address_domain(a));
}

struct span
address_local(const struct address *a)
{
	return (struct span){ a->local, a->local_length };
}

struct span
address_domain(const struct address *a)
{
	return (struct span){ a->domain, a->domain_length };
}

static void
write_quoted(struct text *t, struct span s)
{
	text_put_char(t, '"');
	for (size_t i = 0; i < s.length; i++) {
		if (s.data[i] == '"' || s.data[i] == '\\')
			text_put_char(t, '\\');
		text_put_char(t, s.data[i]);
	}
	text_put_char(t, '"');
}

void
address_write(struct text *t, const struct address *a)
{
	struct span local = address_local(a);

	if (a->kind == ADDRESS_NULL)
		return;
	if (grammar_dot_string(local) == local.length)
		text_put_span(t, local);
	else
		write_quoted(t, local);
	if (a->kind == ADDRESS_POSTMASTER)
		return;
	text_put_char(t, '@');
	text_put_span(t, address_domain(a));
}

static size_t
keyword_length(struct span s)
{
	size_t length = 0;

	while (length < s.length &&
	    (grammar_is_alphanumeric(s.data[length]) ||
		(length > 0 && s.data[length] == '-')))
		length++;
	return length;
}

static size_t
value_length(struct span s)
{
	size_t length = 0;

	while (length < s.length) {
		char c = s.data[length];
		size_t step = is_printable(c) && c != ' ' && c != '=';

		if (step == 0)
			step = grammar_utf8(span_from(s, length));
		if (step == 0)
			break;
		length += step;
	}
	return length;
}

enum parameter_result
address_next_parameter(struct span *rest, struct parameter *p)
{
	struct span begin = *rest;

	while (take(rest, ' '))
		;
	if (rest->length == 0)
		return PARAMETER_NONE;
	if (rest->length == begin.length)
		return PARAMETER_BAD;
	p->keyword = take_length(rest, keyword_length(*rest));
	p->has_value = take(rest, '=');
	p->value = take_length(rest, p->has_value ? value_length(*rest) : 0);
	if (p->keyword.length == 0 || (p->has_value && p->value.length == 0) ||
	    (rest->length > 0 && rest->data[0] != ' '))
		return PARAMETER_BAD;
	return PARAMETER_FOUND;
}
