/*
 * Linked around the handler (ld's --wrap), to see what each step of its start
 * costs: it ends where main calls the function that BENCH_STOP_BEFORE names.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "delivery.h"
#include "log.h"
#include "recipients.h"
#include "sandbox.h"
#include "session.h"

static void
stop_before(const char *function)
{
	const char *wanted = getenv("BENCH_STOP_BEFORE");

	if (wanted != NULL && strcmp(wanted, function) == 0)
		_exit(0);
}

#define WRAP(type, name, parameters, arguments) \
	type __real_##name parameters;          \
	type __wrap_##name parameters;          \
	type __wrap_##name parameters           \
	{                                       \
		stop_before(#name);             \
		return __real_##name arguments; \
	}

/* clang-format off */
WRAP(void, sandbox_close_inherited_but, (const int *kept, size_t count),
    (kept, count))
WRAP(void, log_open, (struct log *log, const char *stream), (log, stream))
WRAP(size_t, config_load, (struct config *config, const struct ip_address *peer,
    struct config_error *errors, size_t max), (config, peer, errors, max))
WRAP(void, recipients_open, (struct recipients *r, const char *path,
    const char *subaddress), (r, path, subaddress))
WRAP(void, delivery_start, (struct delivery *d, const struct delivery_setup *s),
    (d, s))
WRAP(const char *, sandbox_enter, (const struct sandbox_needs *needs,
    const struct sock_fprog *filter, bool *without_landlock),
    (needs, filter, without_landlock))
WRAP(void, session_run, (struct session *session), (session))
