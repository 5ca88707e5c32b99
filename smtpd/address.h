/*
 * Paths, mailboxes and parameters of MAIL and RCPT (RFC 5321, 4.1.2; RFC 6531,
 * 3.3). Pure: octets in, a value or an error out.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "span.h"
#include "text.h"

/* RFC 5321, 4.5.3.1.1 asks for at least 64; variable envelope return paths are
 * often longer. A file name can hold 255. */
#define ADDRESS_LOCAL_MAX 255
#define ADDRESS_DOMAIN_MAX 255 /* RFC 5321, 4.5.3.1.2 */
/* As address_write gives it: every octet of the local part quoted, and "@". */
#define ADDRESS_TEXT_MAX (2 * ADDRESS_LOCAL_MAX + 2 + 1 + ADDRESS_DOMAIN_MAX)

enum address_kind {
	ADDRESS_NULL,	    /* <> */
	ADDRESS_MAILBOX,    /* local part and domain */
	ADDRESS_POSTMASTER, /* <postmaster> without a domain */
};

/*
 * The local part is what the quotes stand for: "user"@d and "us\er"@d are
 * user@d. The domain is a domain name or an address literal in its brackets.
 * Both are as the client wrote them in letter case and may hold UTF-8; neither
 * holds a control character. A mailbox has neither of them empty: ""@d is
 * refused. In a domain name an underscore is taken, as hosts have it.
 */
struct address {
	enum address_kind kind;
	size_t local_length;
	size_t domain_length;
	char local[ADDRESS_LOCAL_MAX];
	char domain[ADDRESS_DOMAIN_MAX];
};

enum address_result {
	ADDRESS_OK,
	ADDRESS_BAD,	  /* not by the grammar */
	ADDRESS_TOO_LONG, /* by the grammar, but a part is too long */
};

/*
 * Reads a path at the start of *args: "<", an optional source route (read and
 * ignored: RFC 5321, appendix C), a mailbox or nothing or postmaster, ">". On
 * ADDRESS_OK, *args is what follows the ">". The null path and postmaster
 * without a domain are taken wherever they stand; the caller decides whether
 * they fit. On any other result *args and *address are undefined.
 */
enum address_result address_parse_path(struct span *args,
    struct address *address);

/* Reads a mailbox, local part and domain, that fills the whole of text. */
enum address_result address_parse_mailbox(struct span text,
    struct address *address);

/* True for what may stand behind HELO and EHLO: a domain name or an address
 * literal (RFC 5321, 4.1.1.1), in ASCII (RFC 6531, 3.7.1). */
bool address_is_domain_or_literal(struct span text);

/* Whether an octet outside ASCII stands in it (RFC 6531). */
bool address_has_utf8(const struct address *);

/* The parts as spans; they point into the address. */
struct span address_local(const struct address *);
struct span address_domain(const struct address *);

/* Appends the address without brackets, its local part quoted where the
 * grammar needs it (RFC 5321, 4.1.2); nothing for the null path. */
void address_write(struct text *, const struct address *);

struct parameter {
	struct span keyword;
	struct span value;
	bool has_value;
};

enum parameter_result {
	PARAMETER_NONE, /* nothing but spaces was left */
	PARAMETER_FOUND,
	PARAMETER_BAD, /* not by the grammar of RFC 5321, 4.1.2 */
};

/* Takes the next " KEYWORD[=VALUE]" off the front of *rest. */
enum parameter_result address_next_parameter(struct span *rest,
    struct parameter *parameter);

#endif
