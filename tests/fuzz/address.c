/* Paths and parameters, as they stand behind MAIL FROM: and RCPT TO:. */
#include "address.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool good)
{
	if (!good)
		abort();
}

static bool
is_within(struct span inner, struct span outer)
{
	return inner.data >= outer.data &&
	    inner.data + inner.length <= outer.data + outer.length;
}

static void
must_have_no_control(struct span s)
{
	for (size_t i = 0; i < s.length; i++)
		must((unsigned char)s.data[i] >= ' ' && s.data[i] != 0x7f);
}

/* What is written is read as the same again. */
static void
must_survive_writing(const struct address *a)
{
	char buffer[ADDRESS_TEXT_MAX + 3];
	struct text text = TEXT_IN(buffer);
	struct address again;
	struct span path;

	text_put_char(&text, '<');
	address_write(&text, a);
	text_put_char(&text, '>');
	must(!text.overflow);
	path = text_span(&text);
	must_have_no_control(path);
	must(address_parse_path(&path, &again) == ADDRESS_OK);
	must(path.length == 0 && again.kind == a->kind);
	must(span_equal(address_local(a), address_local(&again)));
	must(span_equal(address_domain(a), address_domain(&again)));
}

static void
try_path(struct span input)
{
	struct address a;
	struct span rest = input;

	if (address_parse_path(&rest, &a) != ADDRESS_OK)
		return;
	must(is_within(rest, input) && rest.length < input.length);
	must(a.local_length <= ADDRESS_LOCAL_MAX);
	must(a.domain_length <= ADDRESS_DOMAIN_MAX);
	must((a.local_length > 0) == (a.kind != ADDRESS_NULL));
	must((a.domain_length > 0) == (a.kind == ADDRESS_MAILBOX));
	must_survive_writing(&a);
}

static void
try_parameters(struct span input)
{
	struct span rest = input;
	struct parameter p;

	while (address_next_parameter(&rest, &p) == PARAMETER_FOUND) {
		must(is_within(p.keyword, input) && p.keyword.length > 0);
		must(is_within(p.value, input));
		must(p.has_value == (p.value.length > 0));
		must_have_no_control(p.keyword);
		must_have_no_control(p.value);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span input = { (const char *)data, size };
	struct address a;

	try_path(input);
	for (size_t i = 0; i < size; i++)
		if (data[i] == ' ') {
			try_parameters(span_from(input, i));
			break;
		}
	if (address_parse_mailbox(input, &a) == ADDRESS_OK) {
		must(a.kind == ADDRESS_MAILBOX);
		must_survive_writing(&a);
	}
	if (address_is_domain_or_literal(input))
		must_have_no_control(input);
	return 0;
}
