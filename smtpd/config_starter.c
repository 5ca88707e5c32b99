/* What the starter says in the environment. */
#include "config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define DESCRIPTOR_MAX 100000

/* The value of the first name if it is set, else of the second. */
static const char *
either(const char *first, const char *second)
{
	const char *value = getenv(first);

	return value != NULL ? value : getenv(second);
}

/* The descriptor that a variable names; 0 if there is none. */
static int
descriptor(const char *name)
{
	const char *value = getenv(name);
	int fd = 0;

	for (; value != NULL && *value >= '0' && *value <= '9' &&
	     fd <= DESCRIPTOR_MAX;
	     value++)
		fd = 10 * fd + (*value - '0');
	return value != NULL && *value == '\0' && fd > STDERR_FILENO &&
		fcntl(fd, F_GETFD) != -1
	    ? fd
	    : 0;
}

/* All three or none. */
static void
load_starter_tls(struct config *config)
{
	int control = descriptor("SSLCTLFD");
	int input = descriptor("SSLREADFD");
	int output = descriptor("SSLWRITEFD");

	if (control == 0 || input == 0 || output == 0)
		return;
	config->tls_control_fd = control;
	config->tls_input_fd = input;
	config->tls_output_fd = output;
}

void
config_load_starter(struct config *config)
{
	config->remote_address = either("REMOTE_ADDR", "TCPREMOTEIP");
	config->remote_port = either("REMOTE_PORT", "TCPREMOTEPORT");
	config->journal_stream = getenv("JOURNAL_STREAM");
	load_starter_tls(config);
}

void
config_forget_peer(void)
{
	static const char *const names[] = { "REMOTE_ADDR", "REMOTE_PORT",
		"TCPREMOTEIP", "TCPREMOTEPORT", "TCPREMOTEHOST",
		"TCPREMOTEINFO" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}
