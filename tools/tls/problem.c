#include "problem.h"

#include <openssl/err.h>
#include <stddef.h>
#include <string.h>

const char *
problem_text(const char *otherwise)
{
	unsigned long error = ERR_get_error();
	const char *text = NULL;

	ERR_clear_error();
	if (ERR_SYSTEM_ERROR(error))
		text = strerror(ERR_GET_REASON(error));
	else if (error != 0)
		text = ERR_reason_error_string(error);
	return text == NULL ? otherwise : text;
}
