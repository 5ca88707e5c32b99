/* A record and the line of a source that makes it (tarpit-recipients(5)). */
#ifndef ENTRY_H
#define ENTRY_H

#include <stdbool.h>

#include "recipients.h"
#include "span.h"
#include "text.h"

/* Mark, address, quotes that it would not need elsewhere, blank, delivery
 * address. */
#define ENTRY_LINE_MAX (1 + ADDRESS_TEXT_MAX + 2 + 1 + ADDRESS_TEXT_MAX)

/* The longest data of a record that a line makes. */
#define ENTRY_DATA_MAX (1 + ADDRESS_TEXT_MAX)

/* Whether it is a domain that is ours, which the tool makes of the others. */
bool entry_is_domain(struct span key);

/* The domain in the key of an address or of a whole domain. */
struct span entry_domain(struct span key);

/* Whether the data of an address or of a whole domain accept it. */
bool entry_is_accepted(struct span data);

/* Appends the line that makes a record, without its end. False if none does:
 * the key is no address, or is one that no look-up can ask for. */
bool entry_write(struct text *, struct span key, struct span data);

#endif
