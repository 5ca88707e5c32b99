/* The text behind DATA: the first octet says how the rest is cut. */
#include "message.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Room for a loop, and to be too large. */
#define LIMIT 3000

struct result {
	struct message message;
	size_t used;
	size_t length;
	char *output;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool good)
{
	if (!good)
		abort();
}

/* Each piece and its output stand alone in memory. */
static void
decode_piece(struct result *r, struct span piece)
{
	char *input = malloc(piece.length), *output = malloc(piece.length);
	size_t length;

	must(input != NULL && output != NULL);
	memcpy(input, piece.data, piece.length);
	r->used += message_decode(&r->message,
	    (struct span){ input, piece.length }, output, &length);
	must(length <= piece.length);
	memcpy(r->output + r->length, output, length);
	r->length += length;
	free(input);
	free(output);
}

static struct result
decode(struct span text, size_t each)
{
	struct result r = { .output = malloc(text.length + 1) };

	must(r.output != NULL);
	message_start(&r.message, LIMIT);
	while (text.length > 0 && !r.message.ended) {
		size_t length = each < text.length ? each : text.length;

		decode_piece(&r, (struct span){ text.data, length });
		text = span_from(text, length);
	}
	return r;
}

/* The message ends behind the first CRLF "." CRLF, the text being preceded by
 * a CRLF; nowhere else. */
static void
must_end_rightly(struct span text, const struct result *r)
{
	char *all = malloc(text.length + 2);
	const char *end;

	must(all != NULL);
	all[0] = '\r';
	all[1] = '\n';
	memcpy(all + 2, text.data, text.length);
	end = memmem(all, text.length + 2, "\r\n.\r\n", 5);
	must(r->message.ended == (end != NULL));
	must(r->used == (end != NULL ? (size_t)(end - all) + 3 : text.length));
	free(all);
}

static void
must_be_clean(const struct result *r)
{
	if (r->message.fault != MESSAGE_FINE || r->length == 0)
		return;
	must(memchr(r->output, '\r', r->length) == NULL);
	must(memchr(r->output, '\0', r->length) == NULL);
	must(r->message.size <= LIMIT);
	must(!r->message.ended || r->output[r->length - 1] == '\n');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, pieces;
	struct span text;

	if (size < 2)
		return 0;
	text = (struct span){ (const char *)data + 1, size - 1 };
	whole = decode(text, text.length);
	pieces = decode(text, (size_t)data[0] % 16 + 1);
	must(whole.message.fault == pieces.message.fault);
	must(whole.message.ended == pieces.message.ended);
	must(whole.message.size == pieces.message.size);
	must(whole.used == pieces.used);
	must(whole.message.fault != MESSAGE_FINE ||
	    span_equal((struct span){ whole.output, whole.length },
		(struct span){ pieces.output, pieces.length }));
	must_end_rightly(text, &whole);
	must_be_clean(&whole);
	free(whole.output);
	free(pieces.output);
	return 0;
}
