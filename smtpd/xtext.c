#include "xtext.h"

/* A digit's value, or -1. Small letters are none here. */
static int
value_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Takes one octet off the front. */
static bool
take(struct span *text, char *octet)
{
	int high, low;

	*octet = text->data[0];
	if (*octet != '+') {
		*text = span_from(*text, 1);
		return *octet > ' ' && *octet <= '~' && *octet != '=';
	}
	if (text->length < 3)
		return false;
	high = value_of(text->data[1]);
	low = value_of(text->data[2]);
	*text = span_from(*text, 3);
	if (high < 0 || low < 0)
		return false;
	*octet = (char)(high << 4 | low);
	return true;
}

bool
xtext_decode(struct span text, char *octets, size_t size, size_t *length)
{
	for (*length = 0; text.length > 0; ++*length)
		if (*length == size || !take(&text, &octets[*length]))
			return false;
	return true;
}
