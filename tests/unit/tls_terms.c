/* What the process that does TLS says of a handshake. */
#include "tls_terms.h"

#include "tap.h"

#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X63 X50 "xxxxxxxxxxxxx"
#define NONSENSE "no understandable answer"

static const struct {
	struct span line;
	const char *version; /* NULL: it failed */
	const char *rest;    /* the cipher, or the error */
} lines[] = {
	{ OCTETS("tls TLSv1.3 TLS_AES_256_GCM_SHA384"), "TLSv1.3",
	    "TLS_AES_256_GCM_SHA384" },
	{ OCTETS("tls TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384"), "TLSv1.2",
	    "ECDHE-RSA-AES256-GCM-SHA384" },
	{ OCTETS("tls " X63 " " X63), X63, X63 },
	{ OCTETS("tls " X63 "x c"), NULL, NONSENSE },
	{ OCTETS("tls v " X63 "x"), NULL, NONSENSE },
	{ OCTETS("tls v c d"), NULL, NONSENSE },
	{ OCTETS("tls v  c"), NULL, NONSENSE },
	{ OCTETS("tls  v c"), NULL, NONSENSE },
	{ OCTETS("tls v c "), NULL, NONSENSE },
	{ OCTETS("tls v "), NULL, NONSENSE },
	{ OCTETS("tls v"), NULL, NONSENSE },
	{ OCTETS("tls "), NULL, NONSENSE },
	{ OCTETS("tls"), NULL, NONSENSE },
	{ OCTETS(""), NULL, NONSENSE },
	{ OCTETS("TLS v c"), NULL, NONSENSE },
	{ OCTETS(" tls v c"), NULL, NONSENSE },
	{ OCTETS("tls v) c"), NULL, NONSENSE },
	{ OCTETS("tls v c\n"), NULL, NONSENSE },
	{ OCTETS("tls v c\0"), NULL, NONSENSE },
	{ OCTETS("tls v \xc3\xa9"), NULL, NONSENSE },
	{ OCTETS("failed no shared cipher"), NULL, "no shared cipher" },
	{ OCTETS("failed x"), NULL, "x" },
	{ OCTETS("failed " X50 X50 X50 X50), NULL, X50 X50 X50 X50 },
	{ OCTETS("failed " X50 X50 X50 X50 "y"), NULL, X50 X50 X50 X50 },
	{ OCTETS("failed "), NULL, NONSENSE },
	{ OCTETS("failed"), NULL, NONSENSE },
};

static void
test_lines(struct tap *tap)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const char *version = lines[i].version;
		struct tls_terms terms = { .version = "" };
		bool agreed = tls_terms_parse(&terms, lines[i].line);
		bool good = agreed == (version != NULL);
		char buffer[1000];
		struct text name = TEXT_IN(buffer);

		if (agreed)
			good = good && strcmp(terms.version, version) == 0 &&
			    strcmp(terms.cipher, lines[i].rest) == 0 &&
			    terms.error[0] == '\0';
		else
			good = good && strcmp(terms.error, lines[i].rest) == 0;
		text_put_escaped(&name, lines[i].line);
		text_put(&name, version == NULL ? " fails" : " is agreed");
		tap_ok(tap, good, buffer);
	}
}

static void
test_variables(struct tap *tap)
{
	struct tls_terms terms = { .version = "" };

	tls_terms_take(&terms, SPAN("SSL_PROTOCOL=TLSv1.3"));
	tls_terms_take(&terms, SPAN("SSL_CIPHER=TLS_AES_128_GCM_SHA256"));
	tap_ok(tap,
	    strcmp(terms.version, "TLSv1.3") == 0 &&
		strcmp(terms.cipher, "TLS_AES_128_GCM_SHA256") == 0,
	    "SSL_PROTOCOL and SSL_CIPHER are taken");
	tls_terms_take(&terms, SPAN("SSL_CIPHER_USEKEYSIZE=128"));
	tls_terms_take(&terms, SPAN("XSSL_CIPHER=x"));
	tls_terms_take(&terms, SPAN("SSL_PROTOCOL=(x"));
	tls_terms_take(&terms, SPAN("SSL_PROTOCOL="));
	tls_terms_take(&terms, SPAN("SSL_PROTOCOL"));
	tls_terms_take(&terms, SPAN("SSL_CIPHER=" X63 "x"));
	tls_terms_take(&terms, SPAN(""));
	tap_ok(tap,
	    strcmp(terms.version, "TLSv1.3") == 0 &&
		strcmp(terms.cipher, "TLS_AES_128_GCM_SHA256") == 0,
	    "other variables and values are not");
}

int
main(void)
{
	struct tap tap = { 0, 0 };

	test_lines(&tap);
	test_variables(&tap);
	return tap_done(&tap);
}
