#include "tls_terms.h"

#include "grammar.h"

/* Letters, digits and what else is in names of protocols and ciphers: nothing
 * that ends a comment of a header. */
static bool
is_word(struct span text)
{
	for (size_t i = 0; i < text.length; i++) {
		char c = text.data[i];

		if (!grammar_is_alphanumeric(c) && c != '.' && c != '_' &&
		    c != '-')
			return false;
	}
	return text.length > 0 && text.length <= TLS_WORD_MAX;
}

static bool
copy_word(char to[TLS_WORD_MAX + 1], struct span word)
{
	if (!is_word(word))
		return false;
	memcpy(to, word.data, word.length);
	to[word.length] = '\0';
	return true;
}

static bool
begins_with(struct span text, struct span start)
{
	return text.length >= start.length &&
	    span_equal((struct span){ text.data, start.length }, start);
}

void
tls_terms_fail(struct tls_terms *terms, struct span reason)
{
	size_t length = reason.length < TLS_ERROR_MAX ? reason.length
						      : TLS_ERROR_MAX;

	memcpy(terms->error, reason.data, length);
	terms->error[length] = '\0';
}

static bool
parse_agreed(struct tls_terms *terms, struct span rest)
{
	const char *space = memchr(rest.data, ' ', rest.length);
	struct span version = rest;

	if (space == NULL)
		return false;
	version.length = (size_t)(space - rest.data);
	return copy_word(terms->version, version) &&
	    copy_word(terms->cipher, span_from(rest, version.length + 1));
}

bool
tls_terms_parse(struct tls_terms *terms, struct span line)
{
	const struct span agreed = span_of("tls "), failed = span_of("failed ");

	if (begins_with(line, agreed) &&
	    parse_agreed(terms, span_from(line, agreed.length)))
		return true;
	if (begins_with(line, failed) && line.length > failed.length)
		tls_terms_fail(terms, span_from(line, failed.length));
	else
		tls_terms_fail(terms, span_of("no understandable answer"));
	return false;
}

void
tls_terms_take(struct tls_terms *terms, struct span variable)
{
	const struct span version = span_of("SSL_PROTOCOL=");
	const struct span cipher = span_of("SSL_CIPHER=");

	if (begins_with(variable, version))
		copy_word(terms->version, span_from(variable, version.length));
	else if (begins_with(variable, cipher))
		copy_word(terms->cipher, span_from(variable, cipher.length));
}
