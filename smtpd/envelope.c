#include "envelope.h"

#include <string.h>

/* How a recipient is kept: its lengths, then its octets. */
struct entry {
	enum address_kind kind;
	unsigned short local_length;
	unsigned short domain_length;
};

void
envelope_reset(struct envelope *e)
{
	e->sender.kind = ADDRESS_NULL;
	e->sender.local_length = 0;
	e->sender.domain_length = 0;
	e->declared_size = 0;
	e->eight_bit = false;
	e->smtputf8 = false;
	e->recipients = 0;
	e->used = 0;
}

static void
put_octets(struct envelope *e, const void *octets, size_t length)
{
	memcpy(e->octets + e->used, octets, length);
	e->used += length;
}

bool
envelope_has_room(const struct envelope *e, const struct address *to)
{
	return sizeof(struct entry) + to->local_length + to->domain_length <=
	    sizeof(e->octets) - e->used;
}

void
envelope_add(struct envelope *e, const struct address *to)
{
	struct entry entry = { to->kind, (unsigned short)to->local_length,
		(unsigned short)to->domain_length };

	put_octets(e, &entry, sizeof(entry));
	put_octets(e, to->local, to->local_length);
	put_octets(e, to->domain, to->domain_length);
	e->recipients++;
}

bool
envelope_next(const struct envelope *e, size_t *at, struct address *to)
{
	struct entry entry;

	if (*at >= e->used)
		return false;
	memcpy(&entry, e->octets + *at, sizeof(entry));
	*at += sizeof(entry);
	to->kind = entry.kind;
	to->local_length = entry.local_length;
	to->domain_length = entry.domain_length;
	memcpy(to->local, e->octets + *at, to->local_length);
	*at += to->local_length;
	memcpy(to->domain, e->octets + *at, to->domain_length);
	*at += to->domain_length;
	return true;
}
