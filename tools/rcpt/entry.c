#include "entry.h"

/* What has a meaning of its own at the start of a word. */
#define START_MARKS "-!#"

/* A local part may hold one, a domain that the tool takes does not. */
static const char *
find_at(struct span key)
{
	return memrchr(key.data, '@', key.length);
}

bool
entry_is_domain(struct span key)
{
	return key.length == 0 || find_at(key) == NULL;
}

struct span
entry_domain(struct span key)
{
	return span_from(key, (size_t)(find_at(key) + 1 - key.data));
}

bool
entry_is_accepted(struct span data)
{
	return data.length == 0 ||
	    (data.data[0] != RECIPIENTS_MARK_BLOCKED &&
		data.data[0] != RECIPIENTS_MARK_TRAP);
}

/* Appends an address so that it is not taken for a mark or a comment. */
static void
write_word(struct text *line, const struct address *a)
{
	char buffer[ADDRESS_TEXT_MAX + 1];
	struct text written = TEXT_IN(buffer);
	struct span local;

	address_write(&written, a);
	if (strchr(START_MARKS, written.data[0]) == NULL) {
		text_put_span(line, text_span(&written));
		return;
	}
	/* Not quoted, so it holds nothing that needs more than quotes. */
	local = address_local(a);
	text_put_char(line, '"');
	text_put_span(line, local);
	text_put_char(line, '"');
	text_put_span(line, span_from(text_span(&written), local.length));
}

/* Appends the address of a key if it is one, and if it makes this key again. */
static bool
write_address(struct text *line, struct span key)
{
	struct address parts = { .kind = ADDRESS_MAILBOX };
	char written_buffer[ADDRESS_TEXT_MAX + 1];
	char again_buffer[RECIPIENTS_KEY_MAX + 1];
	struct text written = TEXT_IN(written_buffer);
	struct text again = TEXT_IN(again_buffer);
	struct span domain = entry_domain(key);
	size_t local_length = key.length - domain.length - 1;
	struct address parsed;

	if (local_length > sizeof(parts.local) ||
	    domain.length > sizeof(parts.domain))
		return false;
	memcpy(parts.local, key.data, local_length);
	memcpy(parts.domain, domain.data, domain.length);
	parts.local_length = local_length;
	parts.domain_length = domain.length;
	address_write(&written, &parts);
	if (written.overflow ||
	    address_parse_mailbox(text_span(&written), &parsed) != ADDRESS_OK)
		return false;
	recipients_fold(&parsed);
	recipients_key(&parsed, &again);
	if (!span_equal(text_span(&again), key))
		return false;

	write_word(line, &parts);
	return true;
}

/* "@domain" is one if it is the end of an address. */
static bool
write_whole_domain(struct text *line, struct span key)
{
	char buffer[1 + RECIPIENTS_KEY_MAX + 1];
	char ignored_buffer[ENTRY_LINE_MAX + 1];
	struct text example = TEXT_IN(buffer);
	struct text ignored = TEXT_IN(ignored_buffer);

	text_put_char(&example, 'x');
	text_put_span(&example, key);
	if (example.overflow || !write_address(&ignored, text_span(&example)))
		return false;
	text_put_span(line, key);
	return true;
}

static bool
write_delivery(struct text *line, struct span delivery)
{
	struct address parsed;

	if (address_parse_mailbox(delivery, &parsed) != ADDRESS_OK)
		return false;
	recipients_fold(&parsed);
	text_put_char(line, ' ');
	write_word(line, &parsed);
	return true;
}

bool
entry_write(struct text *line, struct span key, struct span data)
{
	char mark = data.length > 0 ? data.data[0] : '\0';

	if (entry_is_domain(key))
		return false;
	if (mark == RECIPIENTS_MARK_BLOCKED || mark == RECIPIENTS_MARK_TRAP)
		text_put_char(line, mark);
	/* A local part may start with one, too. */
	if (find_at(key) == key.data ? !write_whole_domain(line, key)
				     : !write_address(line, key))
		return false;
	return mark != RECIPIENTS_MARK_DELIVERY ||
	    write_delivery(line, span_from(data, 1));
}
