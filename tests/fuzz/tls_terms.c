/* What the process that does TLS says, as its line and as a variable. */
#include "tls_terms.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool good)
{
	if (!good)
		abort();
}

/* It goes into a comment of a header. */
static void
must_be_word(const char *word)
{
	must(strlen(word) <= TLS_WORD_MAX);
	for (; *word != '\0'; word++)
		must(*word > ' ' && *word <= '~' &&
		    strchr("()\\\"", *word) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span octets = { (const char *)data, size };
	struct tls_terms terms = { .version = "" };

	tls_terms_take(&terms, octets);
	must_be_word(terms.version);
	must_be_word(terms.cipher);
	if (tls_terms_parse(&terms, octets)) {
		must(terms.version[0] != '\0' && terms.cipher[0] != '\0');
		must(terms.error[0] == '\0');
	} else {
		must(memchr(terms.error, '\0', sizeof(terms.error)) != NULL);
	}
	must_be_word(terms.version);
	must_be_word(terms.cipher);
	return 0;
}
