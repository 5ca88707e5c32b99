#include "text.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

void
text_put_span(struct text *t, struct span s)
{
	if (t->overflow || s.length >= t->size - t->length) {
		t->overflow = true;
		return;
	}
	if (s.length > 0)
		memcpy(t->data + t->length, s.data, s.length);
	t->length += s.length;
	t->data[t->length] = '\0';
}

void
text_put(struct text *t, const char *string)
{
	text_put_span(t, span_of(string));
}

void
text_put_char(struct text *t, char c)
{
	text_put_span(t, (struct span){ &c, 1 });
}

void
text_put_number(struct text *t, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number != 0);
	text_put_span(t, (struct span){ digits + at, sizeof(digits) - at });
}

void
text_put_escaped(struct text *t, struct span s)
{
	for (size_t i = 0; i < s.length && !t->overflow; i++) {
		unsigned char c = (unsigned char)s.data[i];
		char escape[4] = { '\\', 'x', hex_digits[c >> 4],
			hex_digits[c & 15] };

		if (c == '\\' || c == '"')
			text_put_span(t,
			    (struct span){ (char[]){ '\\', (char)c }, 2 });
		else if (c >= ' ' && c <= '~')
			text_put_char(t, (char)c);
		else
			text_put_span(t,
			    (struct span){ escape, sizeof(escape) });
	}
}

struct span
text_span(const struct text *t)
{
	return (struct span){ t->data, t->length };
}
