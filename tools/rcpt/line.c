#include "line.h"

#include "grammar.h"

/* How far a line is parsed. */
struct cursor {
	struct span text;
	size_t at;
	struct line_fault *fault;
};

static bool
fail(struct cursor *c, size_t at, const char *what)
{
	*c->fault = (struct line_fault){ at + 1, what };
	return false;
}

/* UTF-8 without control characters but the tab. */
static bool
check_text(struct cursor *c)
{
	for (size_t i = 0; i < c->text.length;) {
		unsigned char octet = (unsigned char)c->text.data[i];
		size_t length = 1;

		if ((octet < ' ' && octet != '\t') || octet == 0x7F)
			return fail(c, i, "a control character");
		if (octet >= 0x80)
			length = grammar_utf8(span_from(c->text, i));
		if (length == 0)
			return fail(c, i, "not UTF-8 text");
		i += length;
	}
	return true;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Finds the next word, which ends at a blank outside quotes. False if there is
 * none, or a comment. */
static bool
next_word(struct cursor *c, struct span *word)
{
	const char *text = c->text.data;
	size_t start;
	bool quoted = false;

	while (c->at < c->text.length && is_blank(text[c->at]))
		c->at++;
	start = c->at;
	if (start == c->text.length || text[start] == '#')
		return false;
	for (; c->at < c->text.length; c->at++) {
		if (text[c->at] == '"')
			quoted = !quoted;
		else if (text[c->at] == '\\' && quoted &&
		    c->at + 1 < c->text.length)
			c->at++;
		else if (is_blank(text[c->at]) && !quoted)
			break;
	}
	*word = (struct span){ text + start, c->at - start };
	return true;
}

static bool
parse_address(struct cursor *c, struct span word, struct address *address)
{
	size_t at = (size_t)(word.data - c->text.data);

	switch (address_parse_mailbox(word, address)) {
	case ADDRESS_TOO_LONG:
		return fail(c, at, "the address is too long");
	case ADDRESS_BAD:
		return fail(c, at,
		    memchr(word.data, '@', word.length) == NULL
			? "not an address: it has no @"
			: "not an address");
	case ADDRESS_OK:
		break;
	}
	/* In a literal; the key could not be taken apart again. */
	if (memchr(address->domain, '@', address->domain_length) != NULL)
		return fail(c, at, "an @ in the domain");
	recipients_fold(address);
	return true;
}

/* "@domain" is right if it is the end of an address. */
static bool
parse_whole_domain(struct cursor *c, struct span word, struct text *key)
{
	char buffer[1 + RECIPIENTS_KEY_MAX + 1];
	struct text example = TEXT_IN(buffer);
	struct address address;

	text_put_char(&example, 'x');
	text_put_span(&example, word);
	if (example.overflow ||
	    memchr(word.data + 1, '@', word.length - 1) != NULL ||
	    address_parse_mailbox(text_span(&example), &address) != ADDRESS_OK)
		return fail(c, (size_t)(word.data - c->text.data),
		    "not a domain behind the @");
	recipients_fold(&address);
	text_put_char(key, '@');
	text_put_span(key, address_domain(&address));
	return true;
}

static bool
parse_key(struct cursor *c, struct span word, struct text *key)
{
	struct address address;

	if (word.data[0] == '@')
		return parse_whole_domain(c, word, key);
	if (!parse_address(c, word, &address))
		return false;
	recipients_key(&address, key);
	return true;
}

/* To be delivered to itself is nothing to be said. */
static bool
parse_delivery(struct cursor *c, struct span word, struct span key,
    struct text *data)
{
	char own_buffer[RECIPIENTS_KEY_MAX + 1];
	struct text own = TEXT_IN(own_buffer);
	struct address address;

	if (!parse_address(c, word, &address))
		return false;
	recipients_key(&address, &own);
	if (span_equal(text_span(&own), key))
		return true;
	text_put_char(data, RECIPIENTS_MARK_DELIVERY);
	address_write(data, &address);
	return true;
}

static bool
parse_words(struct cursor *c, struct span word, struct text *key,
    struct text *data)
{
	size_t start = (size_t)(word.data - c->text.data);
	bool refused = word.data[0] == RECIPIENTS_MARK_BLOCKED ||
	    word.data[0] == RECIPIENTS_MARK_TRAP;

	if (refused) {
		text_put_char(data, word.data[0]);
		word = span_from(word, 1);
		if (word.length == 0)
			return fail(c, start, "no address behind the mark");
	}
	if (!parse_key(c, word, key))
		return false;
	if (!next_word(c, &word))
		return true;
	if (refused)
		return fail(c, (size_t)(word.data - c->text.data),
		    "a refused address is not delivered");
	if (!parse_delivery(c, word, text_span(key), data))
		return false;
	if (!next_word(c, &word))
		return true;
	return fail(c, (size_t)(word.data - c->text.data),
	    "more than a delivery address");
}

enum line_result
line_parse(struct span text, struct line *line, struct line_fault *fault)
{
	struct cursor c = { .text = text, .fault = fault };
	struct text key = TEXT_IN(line->key);
	struct text data = TEXT_IN(line->data);
	struct span word;

	if (text.length > 0 && text.data[text.length - 1] == '\r')
		c.text.length--;
	if (!check_text(&c))
		return LINE_FAULTY;
	if (!next_word(&c, &word))
		return LINE_EMPTY;
	line->column = (size_t)(word.data - text.data) + 1;
	if (!parse_words(&c, word, &key, &data))
		return LINE_FAULTY;
	line->key_length = key.length;
	line->data_length = data.length;
	return LINE_ENTRY;
}
