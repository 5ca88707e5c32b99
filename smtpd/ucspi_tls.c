#include "ucspi_tls.h"

#include <errno.h>
#include <unistd.h>

#include "signals.h"

/* The longest variable that matters; others, such as whole certificates, are
 * skipped. */
#define VARIABLE_MAX 128

struct reader {
	struct tls_terms *terms;
	char variable[VARIABLE_MAX];
	size_t length; /* of the variable so far, cut or not */
	bool was_nul;
	bool is_ended;
};

/* Each variable is ended by NUL, and two of them end the list, an empty one
 * too. */
static void
take(struct reader *r, char c)
{
	r->is_ended = c == '\0' && r->was_nul;
	r->was_nul = c == '\0';
	if (c != '\0') {
		if (r->length < VARIABLE_MAX)
			r->variable[r->length] = c;
		r->length++;
		return;
	}
	if (r->length <= VARIABLE_MAX)
		tls_terms_take(r->terms,
		    (struct span){ r->variable, r->length });
	r->length = 0;
}

bool
ucspi_tls_start(int control_fd, int input_fd, struct tls_terms *terms,
    struct timespec deadline)
{
	struct reader reader = { .terms = terms };
	char octets[512];
	size_t size = control_fd == input_fd ? 1 : sizeof(octets);

	/* y would do without the list, and without an end to wait for. */
	if (write(control_fd, "Y", 1) != 1)
		return false;
	while (!reader.is_ended) {
		ssize_t got = signals_read(control_fd, octets, size, deadline);

		if (got <= 0)
			return false;
		for (ssize_t i = 0; i < got && !reader.is_ended; i++)
			take(&reader, octets[i]);
	}
	return true;
}
