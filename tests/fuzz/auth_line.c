/* What an authentication service says, as lines that end with LF; and each line
 * once more as base 64 and as xtext. */
#include "auth_line.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "xtext.h"

#define OCTETS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool good)
{
	if (!good)
		abort();
}

/* What can be decoded has just one encoding. */
static void
decode(struct span line)
{
	char octets[OCTETS_MAX], buffer[BASE64_LENGTH(OCTETS_MAX) + 1] = "";
	struct text text = TEXT_IN(buffer);
	size_t length;

	if (xtext_decode(line, octets, sizeof(octets), &length))
		must(length <= line.length);
	if (!base64_decode(line, octets, sizeof(octets), &length))
		return;
	base64_encode(&text, (struct span){ octets, length });
	must(!text.overflow && span_equal(text_span(&text), line));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span left = { (const char *)data, size };

	while (left.length > 0) {
		const char *end = memchr(left.data, '\n', left.length);
		struct span line = left;
		struct auth_line read;

		if (end != NULL)
			line.length = (size_t)(end - left.data);
		left = span_from(left, line.length + (end != NULL ? 1 : 0));
		auth_line_read(&read, line);
		must(read.user_length <= sizeof(read.user));
		must(read.kind == AUTH_LINE_FAIL || !read.temporary);
		decode(line);
	}
	return 0;
}
