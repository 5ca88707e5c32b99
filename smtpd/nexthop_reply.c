#include "nexthop_reply.h"

#include <stddef.h>
#include <string.h>

/* RFC 5321, 4.5.3.1.5: with code, status and CRLF it stays below 512. */
#define LINE_KEPT_MAX 480
/* More lines than any reply has. */
#define LINES_MAX 128

void
nexthop_reply_start(struct nexthop_reply *r)
{
	r->lines = 0;
	r->kept = TEXT_IN(r->text);
	r->text[0] = '\0';
	r->status[0] = '\0';
	r->reply = (struct reply){ 0, r->status, r->text };
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Takes one to three digits off the front. */
static bool
take_digits(struct span *s)
{
	size_t length = 0;

	while (length < s->length && length < 3 && is_digit(s->data[length]))
		length++;
	*s = span_from(*s, length);
	return length > 0;
}

static bool
take_char(struct span *s, char c)
{
	if (s->length == 0 || s->data[0] != c)
		return false;
	*s = span_from(*s, 1);
	return true;
}

/* Takes "class.subject.detail" (RFC 3463, 2) and the space behind it off the
 * front of a line, if the class is that of the code. */
static bool
take_status(struct span *line, unsigned code, struct span *status)
{
	struct span rest = *line;

	if (!take_char(&rest, (char)('0' + code / 100)) ||
	    !take_char(&rest, '.') || !take_digits(&rest) ||
	    !take_char(&rest, '.') || !take_digits(&rest))
		return false;
	*status = (struct span){ line->data, line->length - rest.length };
	if (rest.length > 0 && !take_char(&rest, ' '))
		return false;
	*line = rest;
	return true;
}

/* The first line says what the status is. */
static void
keep_status(struct nexthop_reply *r, struct span *line)
{
	struct text status = TEXT_IN(r->status);
	struct span found;

	if (take_status(line, r->reply.code, &found)) {
		text_put_span(&status, found);
		return;
	}
	text_put_number(&status, r->reply.code / 100);
	text_put(&status, ".0.0");
}

static void
keep_text(struct nexthop_reply *r, struct span line)
{
	if (r->lines >= NEXTHOP_TEXT_LINES_MAX)
		return;
	if (r->lines > 0)
		text_put_char(&r->kept, '\n');
	for (size_t i = 0; i < line.length && i < LINE_KEPT_MAX; i++) {
		char c = line.data[i];

		text_put_char(&r->kept, c >= ' ' && c <= '~' ? c : '?');
	}
}

/* "250 text", "250-text" or "250". */
static bool
parse_line(struct span line, unsigned *code, bool *last)
{
	if (line.length < 3 || line.data[0] < '2' || line.data[0] > '5' ||
	    !is_digit(line.data[1]) || !is_digit(line.data[2]))
		return false;
	if (line.length > 3 && line.data[3] != ' ' && line.data[3] != '-')
		return false;
	*code = (unsigned)(line.data[0] - '0') * 100 +
	    (unsigned)(line.data[1] - '0') * 10 +
	    (unsigned)(line.data[2] - '0');
	*last = line.length == 3 || line.data[3] == ' ';
	return true;
}

bool
nexthop_reply_take(struct nexthop_reply *r, struct span line, bool *last)
{
	struct span rest = span_from(line, line.length < 4 ? line.length : 4);
	struct span status;
	unsigned code;

	if (!parse_line(line, &code, last) || r->lines == LINES_MAX)
		return false;
	if (r->lines == 0) {
		r->reply.code = code;
		keep_status(r, &rest);
	} else if (code != r->reply.code) {
		return false;
	} else {
		take_status(&rest, code, &status);
	}
	keep_text(r, rest);
	r->lines++;
	return true;
}

/* Takes the next word off the front. */
static struct span
take_word(struct span *words)
{
	const char *space = memchr(words->data, ' ', words->length);
	struct span word = *words;

	if (space != NULL)
		word.length = (size_t)(space - words->data);
	*words = span_from(*words, word.length + (space != NULL ? 1 : 0));
	return word;
}

struct name {
	const char *name;
	enum nexthop_extension bit;
};

static unsigned
find_bit(const struct name *names, size_t count, struct span word)
{
	for (size_t i = 0; i < count; i++)
		if (span_equal_nocase(word, span_of(names[i].name)))
			return names[i].bit;
	return 0;
}

unsigned
nexthop_reply_extension(struct span line)
{
	static const struct name extensions[] = {
		{ "SIZE", NEXTHOP_SIZE },
		{ "8BITMIME", NEXTHOP_8BITMIME },
		{ "SMTPUTF8", NEXTHOP_SMTPUTF8 },
	};
	static const struct name attributes[] = {
		{ "ADDR", NEXTHOP_XCLIENT_ADDR },
		{ "PORT", NEXTHOP_XCLIENT_PORT },
		{ "NAME", NEXTHOP_XCLIENT_NAME },
	};
	struct span words = line, keyword = take_word(&words);
	unsigned found = 0;

	if (!span_equal_nocase(keyword, span_of("XCLIENT")))
		return find_bit(extensions,
		    sizeof(extensions) / sizeof(extensions[0]), keyword);
	while (words.length > 0)
		found |= find_bit(attributes,
		    sizeof(attributes) / sizeof(attributes[0]),
		    take_word(&words));
	return found;
}
