#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "recipients.h"

static const char *
name_of_answer(enum recipients_answer answer)
{
	switch (answer) {
	case RECIPIENTS_ACCEPTED:
		return "accepted";
	case RECIPIENTS_UNKNOWN:
		return "refused, no such user";
	case RECIPIENTS_BLOCKED:
		return "refused, blocked";
	case RECIPIENTS_TRAP:
		return "refused, a trap";
	case RECIPIENTS_NOT_OURS:
		return "refused, not a domain of ours";
	case RECIPIENTS_CANNOT_TELL:
		break;
	}
	return "cannot tell";
}

static const char *
name_of_rule(enum recipients_rule rule)
{
	switch (rule) {
	case RECIPIENTS_BY_NOTHING:
		break;
	case RECIPIENTS_BY_ADDRESS:
		return ", by the address";
	case RECIPIENTS_BY_BASE_ADDRESS:
		return ", by the address without its subaddress";
	case RECIPIENTS_BY_DEFAULT:
		return ", by the default address";
	case RECIPIENTS_BY_WHOLE_DOMAIN:
		return ", by the whole domain";
	case RECIPIENTS_BY_DOMAIN:
		return ", by the domain";
	case RECIPIENTS_BY_POSTMASTER:
		return ", as postmaster";
	}
	return "";
}

/* Where it is delivered, if that is not where it was sent. */
static void
print_delivery(const struct address *to, const struct address *delivery)
{
	char buffer[ADDRESS_TEXT_MAX + 1];
	struct text text = TEXT_IN(buffer);

	if (span_equal_nocase(address_local(to), address_local(delivery)) &&
	    span_equal_nocase(address_domain(to), address_domain(delivery)))
		return;
	address_write(&text, delivery);
	printf(", delivered to %s", text.data);
}

static bool
parse(const char *argument, struct address *to)
{
	struct span text = span_of(argument);

	if (!span_equal_nocase(text, span_of("postmaster")))
		return address_parse_mailbox(text, to) == ADDRESS_OK;
	*to = (struct address){ .kind = ADDRESS_POSTMASTER };
	memcpy(to->local, text.data, text.length);
	to->local_length = text.length;
	return true;
}

static enum status
query(struct recipients *r, const char *argument)
{
	struct recipients_found found;
	struct address to;

	if (!parse(argument, &to)) {
		printf("%s: refused, not an address\n", argument);
		return STATUS_NO;
	}
	recipients_find(r, &to, &found);
	printf("%s: %s%s", argument, name_of_answer(found.answer),
	    name_of_rule(found.rule));
	if (found.answer == RECIPIENTS_ACCEPTED)
		print_delivery(&to, &found.delivery);
	putchar('\n');
	switch (found.answer) {
	case RECIPIENTS_ACCEPTED:
		return STATUS_OK;
	case RECIPIENTS_UNKNOWN:
	case RECIPIENTS_BLOCKED:
	case RECIPIENTS_TRAP:
	case RECIPIENTS_NOT_OURS:
		return STATUS_NO;
	case RECIPIENTS_CANNOT_TELL:
		break;
	}
	return STATUS_TROUBLE;
}

enum status
command_query(const struct options *options, char **arguments)
{
	struct recipients r;
	enum status worst = STATUS_OK;

	recipients_open(&r, arguments[0], options->subaddress);
	for (size_t i = 1; arguments[i] != NULL; i++) {
		enum status status = query(&r, arguments[i]);

		if (status > worst)
			worst = status;
	}
	if (r.error == CDBFILE_DAMAGED)
		warnx("%s: not a whole CDB", arguments[0]);
	else if (r.error != 0)
		warnx("%s: %s", arguments[0], strerror(r.error));
	recipients_close(&r);
	return worst;
}
