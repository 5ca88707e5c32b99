/*
 * The text of a message behind DATA: a pure push decoder (RFC 5321, 4.5.2).
 * Only CRLF ends a line and only CRLF "." CRLF ends the message.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

/* More "Received:" lines than this are a loop (RFC 5321, 6.3). */
#define MESSAGE_HOPS_MAX 100

/* What is wrong with the text; once set, it stays to the end. */
enum message_fault {
	MESSAGE_FINE,
	MESSAGE_BARE_LINE_END, /* CR without LF, or LF without CR */
	MESSAGE_NUL,
	MESSAGE_TOO_LARGE, /* larger than the limit */
	MESSAGE_LOOPS,	   /* more than MESSAGE_HOPS_MAX hops */
};

enum message_state {
	MESSAGE_LINE_START, /* behind a CRLF; so is the first octet */
	MESSAGE_DOT,	    /* behind CRLF "." */
	MESSAGE_DOT_CR,	    /* behind CRLF "." CR */
	MESSAGE_IN_LINE,
	MESSAGE_CR, /* behind any other CR */
};

struct message {
	enum message_fault fault; /* the first one found */
	bool ended;		  /* CRLF "." CRLF was seen */
	uint64_t size; /* octets so far as RFC 1870 counts them: CRLF is two,
			 * stuffed dots and the last line do not count */
	/* The rest is the decoder's own. */
	uint64_t limit;
	enum message_state state;
	unsigned hops;
	bool in_header;
	size_t matched; /* octets of this line that begin "received:" */
};

/* Ready for the first octet after the CRLF of the reply 354. The limit is in
 * octets; 0 is none. */
void message_start(struct message *, uint64_t limit);

/*
 * Decodes input, which may be cut anywhere. Writes the text with dots
 * unstuffed and each CRLF as one LF to output, which must have room for
 * input.length octets, and sets *output_length; what is behind that may have
 * been overwritten. Once a fault is set there is no more output, and what there
 * was is of no use; but the text is still followed to its true end.
 * Returns how much of the input was used: all of it, or, when the message
 * ended, the octets up to and with the last CRLF.
 */
size_t message_decode(struct message *, struct span input, char *output,
    size_t *output_length);

#endif
