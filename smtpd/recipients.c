#include "recipients.h"

#include <stdbool.h>
#include <string.h>

/* Separators tried in one local part; what is left of further ones is no base
 * address. It bounds what one RCPT can cost. */
#define SEPARATORS_MAX 8

/* One look-up under way; key is the one tried now. */
struct look_up {
	struct recipients *recipients;
	struct recipients_found *found;
	struct text key;
	char key_buffer[RECIPIENTS_KEY_MAX + sizeof("-default")];
};

void
recipients_open(struct recipients *r, const char *path, const char *subaddress)
{
	r->subaddress = subaddress;
	r->error = cdbfile_open(&r->file, path) == 0 ? 0 : errno;
}

void
recipients_close(struct recipients *r)
{
	cdbfile_close(&r->file);
}

static void
fold(char *octets, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (octets[i] >= 'A' && octets[i] <= 'Z')
			octets[i] = (char)(octets[i] - 'A' + 'a');
}

void
recipients_fold(struct address *a)
{
	fold(a->local, a->local_length);
	fold(a->domain, a->domain_length);
}

void
recipients_key(const struct address *a, struct text *key)
{
	text_put_span(key, address_local(a));
	text_put_char(key, '@');
	text_put_span(key, address_domain(a));
}

static void
cannot_tell(struct look_up *l, int error)
{
	l->recipients->error = error;
	l->found->answer = RECIPIENTS_CANNOT_TELL;
	l->found->rule = RECIPIENTS_BY_NOTHING;
}

/* What the data of a record says. */
static void
judge(struct look_up *l, struct span data, const struct address *deliver)
{
	l->found->answer = RECIPIENTS_ACCEPTED;
	l->found->delivery = *deliver;
	if (data.length == 0)
		return;
	switch (data.data[0]) {
	case RECIPIENTS_MARK_BLOCKED:
		l->found->answer = RECIPIENTS_BLOCKED;
		break;
	case RECIPIENTS_MARK_TRAP:
		l->found->answer = RECIPIENTS_TRAP;
		break;
	case RECIPIENTS_MARK_DELIVERY:
		if (address_parse_mailbox(span_from(data, 1),
			&l->found->delivery) == ADDRESS_OK)
			recipients_fold(&l->found->delivery);
		else
			cannot_tell(l, CDBFILE_DAMAGED);
		break;
	case '\0': /* a hole in the file */
		cannot_tell(l, CDBFILE_DAMAGED);
		break;
	}
}

/* Tries the key. True if that decided, or it is not possible to tell. */
static bool
try_key(struct look_up *l, enum recipients_rule rule,
    const struct address *deliver)
{
	char data[1 + ADDRESS_TEXT_MAX];
	size_t length;

	switch (cdbfile_find(&l->recipients->file, text_span(&l->key), data,
	    sizeof(data), &length)) {
	case CDBFILE_ABSENT:
		return false;
	case CDBFILE_FAILED:
		cannot_tell(l, errno);
		return true;
	case CDBFILE_FOUND:
		break;
	}
	l->found->rule = rule;
	/* An address that was cut is no address. */
	if (length > sizeof(data))
		length = data[0] == RECIPIENTS_MARK_DELIVERY ? 1 : sizeof(data);
	judge(l, (struct span){ data, length }, deliver);
	return true;
}

static void
start_key(struct look_up *l)
{
	l->key = TEXT_IN(l->key_buffer);
}

static bool
try_address(struct look_up *l, enum recipients_rule rule,
    const struct address *a)
{
	start_key(l);
	recipients_key(a, &l->key);
	return try_key(l, rule, a);
}

/* "base-default": any detail behind the base. */
static bool
try_default(struct look_up *l, const struct address *whole, size_t base_length)
{
	start_key(l);
	text_put_span(&l->key, (struct span){ whole->local, base_length });
	text_put(&l->key, "-default@");
	text_put_span(&l->key, address_domain(whole));
	return try_key(l, RECIPIENTS_BY_DEFAULT, whole);
}

/* Without its subaddress, from the last separator to the first. */
static bool
try_bases(struct look_up *l, const struct address *whole)
{
	struct address base = *whole;
	unsigned separators = 0;

	for (size_t i = whole->local_length; i-- > 1;) {
		char c = whole->local[i];

		if (c == '\0' || strchr(l->recipients->subaddress, c) == NULL)
			continue;
		base.local_length = i;
		if (try_address(l, RECIPIENTS_BY_BASE_ADDRESS, &base) ||
		    (c == '-' && try_default(l, whole, i)))
			return true;
		if (++separators == SEPARATORS_MAX)
			break;
	}
	return false;
}

static void
find_mailbox(struct look_up *l, const struct address *a)
{
	if (try_address(l, RECIPIENTS_BY_ADDRESS, a) || try_bases(l, a))
		return;

	start_key(l);
	text_put_char(&l->key, '@');
	text_put_span(&l->key, address_domain(a));
	if (try_key(l, RECIPIENTS_BY_WHOLE_DOMAIN, a))
		return;

	start_key(l);
	text_put_span(&l->key, address_domain(a));
	if (!try_key(l, RECIPIENTS_BY_DOMAIN, a))
		l->found->answer = RECIPIENTS_NOT_OURS;
	else if (l->found->rule == RECIPIENTS_BY_DOMAIN)
		l->found->answer = RECIPIENTS_UNKNOWN;
}

/* RFC 5321, 4.5.1: mail for postmaster is taken, whatever else is refused. */
static void
accept_postmaster(struct recipients_found *found, const struct address *a)
{
	if (!span_equal(address_local(a), span_of("postmaster")))
		return;
	switch (found->answer) {
	case RECIPIENTS_UNKNOWN:
	case RECIPIENTS_BLOCKED:
	case RECIPIENTS_TRAP:
		found->answer = RECIPIENTS_ACCEPTED;
		found->rule = RECIPIENTS_BY_POSTMASTER;
		found->delivery = *a;
		break;
	case RECIPIENTS_ACCEPTED:
	case RECIPIENTS_NOT_OURS:
	case RECIPIENTS_CANNOT_TELL:
		break;
	}
}

/* RFC 5321, 2.4: who is delivered to as he was given keeps the case of his local
 * part, which the next hop may care for. */
static void
keep_case(struct address *delivery, const struct address *given,
    const struct address *folded)
{
	struct span local = address_local(delivery);

	if (local.length <= folded->local_length &&
	    memcmp(local.data, folded->local, local.length) == 0 &&
	    span_equal(address_domain(delivery), address_domain(folded)))
		memcpy(delivery->local, given->local, local.length);
}

void
recipients_find(struct recipients *r, const struct address *address,
    struct recipients_found *found)
{
	struct look_up l = { .recipients = r, .found = found };
	struct address folded = *address;

	found->rule = RECIPIENTS_BY_NOTHING;
	if (r->error != 0) {
		found->answer = RECIPIENTS_CANNOT_TELL;
		return;
	}
	recipients_fold(&folded);
	if (address->kind == ADDRESS_POSTMASTER) {
		found->answer = RECIPIENTS_ACCEPTED;
		found->rule = RECIPIENTS_BY_POSTMASTER;
		found->delivery = folded;
		return;
	}
	find_mailbox(&l, &folded);
	accept_postmaster(found, &folded);
	if (found->answer == RECIPIENTS_ACCEPTED)
		keep_case(&found->delivery, address, &folded);
}
