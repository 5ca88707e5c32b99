#include "problem.h"

#include <openssl/err.h>
#include <openssl/pemerr.h>
#include <openssl/sslerr.h>
#include <openssl/x509err.h>
#include <stddef.h>
#include <string.h>

/* What an administrator is likely to see, and would not know from the words of
 * the library. */
static const struct {
	int lib; /* ERR_GET_LIB() */
	int reason;
	const char *text;
} plain[] = {
	{ ERR_LIB_PEM, PEM_R_NO_START_LINE, "it holds no certificate in PEM" },
	{ ERR_LIB_OSSL_DECODER, ERR_R_UNSUPPORTED, "it holds no key in PEM" },
	{ ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH,
	    "it is not the key of the certificate" },
	{ ERR_LIB_SSL, SSL_R_EE_KEY_TOO_SMALL, "its key is too small" },
};

static const char *
plain_text(unsigned long error)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (ERR_GET_LIB(error) == plain[i].lib &&
		    ERR_GET_REASON(error) == plain[i].reason)
			return plain[i].text;
	return ERR_reason_error_string(error);
}

const char *
problem_text(const char *otherwise)
{
	unsigned long error = ERR_get_error();
	const char *text = NULL;

	ERR_clear_error();
	if (ERR_SYSTEM_ERROR(error))
		text = strerror(ERR_GET_REASON(error));
	else if (error != 0)
		text = plain_text(error);
	return text == NULL ? otherwise : text;
}
