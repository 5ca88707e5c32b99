#include "message.h"

#include <endian.h>
#include <string.h>

/* Where decoded text goes. */
struct output {
	char *data;
	size_t length;
};

/* The field that a hop adds, and what else message.matched may say. */
static const char hop_field[] = "received";
enum {
	MATCHED_NAME = sizeof(hop_field) - 1, /* blanks may follow */
	MATCHED_HOP,			      /* with its colon */
	MATCHED_OTHER,			      /* something else */
};

void
message_start(struct message *m, uint64_t limit)
{
	*m = (struct message){ .limit = limit, .in_header = true };
}

static void
set_fault(struct message *m, enum message_fault fault)
{
	if (m->fault == MESSAGE_FINE)
		m->fault = fault;
}

/* Counts octets of the wire. */
static void
add_size(struct message *m, size_t length)
{
	m->size += length;
	if (m->limit != 0 && m->size > m->limit)
		set_fault(m, MESSAGE_TOO_LARGE);
}

/* Follows the name of a header field, which may come in pieces. */
static void
match_hop_field(struct message *m, struct span text)
{
	for (size_t i = 0; i < text.length && m->matched < MATCHED_HOP; i++) {
		char c = text.data[i];

		if (m->matched < MATCHED_NAME &&
		    (c | 0x20) == hop_field[m->matched])
			m->matched++;
		else if (m->matched == MATCHED_NAME && c == ':')
			m->matched = MATCHED_HOP;
		else if (m->matched < MATCHED_NAME || (c != ' ' && c != '\t'))
			m->matched = MATCHED_OTHER;
	}
}

/* Octets inside a line, without CR, LF and NUL. They have been copied to where
 * the output ends; a message with a fault has no more output. */
static void
add_text(struct message *m, struct span text, struct output *out)
{
	add_size(m, text.length);
	if (m->in_header)
		match_hop_field(m, text);
	if (m->fault == MESSAGE_FINE)
		out->length += text.length;
}

static void
end_line(struct message *m, struct output *out)
{
	add_size(m, 2);
	if (m->in_header) {
		if (m->matched == 0)
			m->in_header = false;
		if (m->matched == MATCHED_HOP && ++m->hops > MESSAGE_HOPS_MAX)
			set_fault(m, MESSAGE_LOOPS);
		m->matched = 0;
	}
	m->state = MESSAGE_LINE_START;
	if (m->fault == MESSAGE_FINE)
		out->data[out->length++] = '\n';
}

/* An octet that may not stand where it does: it is part of its line, and the
 * line goes on. */
static void
put_bad(struct message *m, enum message_fault fault)
{
	set_fault(m, fault);
	add_size(m, 1);
	m->matched = MATCHED_OTHER;
}

/* One octet that is at the start of a line or is not plain text. */
static void
put_octet(struct message *m, char c, struct output *out)
{
	enum message_state before = m->state;

	if (c == '\n' && before == MESSAGE_DOT_CR) {
		m->ended = true;
		return;
	}
	if (c == '\n' && before == MESSAGE_CR) {
		end_line(m, out);
		return;
	}
	if (before == MESSAGE_CR || before == MESSAGE_DOT_CR)
		put_bad(m, MESSAGE_BARE_LINE_END);
	if (c == '.' && before == MESSAGE_LINE_START) {
		m->state = MESSAGE_DOT;
		return;
	}
	if (c == '\r') {
		m->state = before == MESSAGE_DOT ? MESSAGE_DOT_CR : MESSAGE_CR;
		return;
	}
	m->state = MESSAGE_IN_LINE;
	if (c == '\n')
		put_bad(m, MESSAGE_BARE_LINE_END);
	else if (c == '\0')
		put_bad(m, MESSAGE_NUL);
	else {
		out->data[out->length] = c;
		add_text(m, (struct span){ &c, 1 }, out);
	}
}

static bool
is_plain(char c)
{
	return c != '\r' && c != '\n' && c != '\0';
}

/* Of eight octets, the first that is below 14, as CR, LF and NUL are, or 8. A
 * borrow can only go from an octet that is below to one after it, so that the
 * first one found is right. */
static size_t
find_control(uint64_t eight)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t below = (eight - ones * 14) & ~eight & ones * 0x80;

	return below == 0 ? 8 : (size_t)__builtin_ctzll(below) / 8;
}

/* Copies the octets at the start that are plain text, and returns how many.
 * Messages are long, so it looks at eight at a time, and copies all of them:
 * there is as much room as input, and what follows overwrites the rest. */
static size_t
copy_plain(char *to, struct span s)
{
	size_t length = 0;

	while (s.length - length >= sizeof(uint64_t)) {
		uint64_t eight;
		size_t control;

		memcpy(&eight, s.data + length, sizeof(eight));
		memcpy(to + length, &eight, sizeof(eight));
		control = find_control(le64toh(eight));
		length += control;
		if (control == sizeof(eight))
			continue;
		if (!is_plain(s.data[length]))
			return length;
		length++;
	}
	for (; length < s.length && is_plain(s.data[length]); length++)
		to[length] = s.data[length];
	return length;
}

/* What is plain text from here on, and the end of the line if it follows.
 * Returns how much that is, perhaps nothing. */
static size_t
decode_line(struct message *m, struct span input, struct output *out)
{
	size_t length = copy_plain(out->data + out->length, input);

	add_text(m, (struct span){ input.data, length }, out);
	if (input.length - length < 2 || input.data[length] != '\r' ||
	    input.data[length + 1] != '\n')
		return length;
	end_line(m, out);
	return length + 2;
}

size_t
message_decode(struct message *m, struct span input, char *output,
    size_t *output_length)
{
	struct output out = { output, 0 };
	size_t used = 0;

	while (used < input.length && !m->ended) {
		/* Only a dot means something at the start of a line. */
		if (m->state == MESSAGE_LINE_START && input.data[used] != '.')
			m->state = MESSAGE_IN_LINE;
		if (m->state == MESSAGE_IN_LINE) {
			used += decode_line(m, span_from(input, used), &out);
			if (m->state == MESSAGE_LINE_START ||
			    used == input.length)
				continue;
		}
		put_octet(m, input.data[used++], &out);
	}
	*output_length = out.length;
	return used;
}
