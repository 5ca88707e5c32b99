#include "relay_command.h"

#include <string.h>

static const struct reply no_utf8_there = { 550, "5.6.7",
	"Next hop does not take SMTPUTF8" };
static const struct reply no_8bit_there = { 554, "5.6.3",
	"Next hop does not take 8BITMIME" };

const struct reply *
relay_lack(const struct nexthop *hop, const struct envelope *e)
{
	if (e->smtputf8 && (hop->extensions & NEXTHOP_SMTPUTF8) == 0)
		return &no_utf8_there;
	if (e->eight_bit && (hop->extensions & NEXTHOP_8BITMIME) == 0)
		return &no_8bit_there;
	return NULL;
}

static void
say_path(struct nexthop *hop, const char *before, const struct address *address)
{
	char buffer[ADDRESS_TEXT_MAX + 32];
	struct text line = TEXT_IN(buffer);

	text_put(&line, before);
	text_put_char(&line, '<');
	address_write(&line, address);
	text_put_char(&line, '>');
	nexthop_say(hop, text_span(&line));
}

static void
say_size(struct nexthop *hop, uint64_t size)
{
	char buffer[32];
	struct text text = TEXT_IN(buffer);

	text_put(&text, " SIZE=");
	text_put_number(&text, size);
	nexthop_say(hop, text_span(&text));
}

void
relay_say_mail(struct nexthop *hop, const struct envelope *e)
{
	say_path(hop, "MAIL FROM:", &e->sender);
	if (e->declared_size != 0 && (hop->extensions & NEXTHOP_SIZE) != 0)
		say_size(hop, e->declared_size);
	if ((hop->extensions & NEXTHOP_8BITMIME) != 0)
		nexthop_say(hop, span_of(" BODY=8BITMIME"));
	if (e->smtputf8)
		nexthop_say(hop, span_of(" SMTPUTF8"));
	nexthop_say(hop, span_of("\r\n"));
}

void
relay_say_rcpt(struct nexthop *hop, const struct address *to)
{
	say_path(hop, "RCPT TO:", to);
	nexthop_say(hop, span_of("\r\n"));
}

/* Each LF becomes CRLF, and a dot at the start of a line is doubled, so that no
 * line of the text can be the end (RFC 5321, 4.5.2). */
void
relay_say_text(struct nexthop *hop, struct span text, bool *at_line_start)
{
	while (text.length > 0) {
		const char *end = memchr(text.data, '\n', text.length);
		size_t length = end != NULL ? (size_t)(end - text.data)
					    : text.length;

		if (*at_line_start && text.data[0] == '.')
			nexthop_say(hop, span_of("."));
		nexthop_say(hop, (struct span){ text.data, length });
		*at_line_start = end != NULL;
		if (end != NULL)
			nexthop_say(hop, span_of("\r\n"));
		text = span_from(text, length + (end != NULL ? 1 : 0));
	}
}

void
relay_say_end(struct nexthop *hop, bool at_line_start)
{
	nexthop_say(hop, span_of(at_line_start ? ".\r\n" : "\r\n.\r\n"));
}
