/*
 * The least that a server can do: it writes a greeting, reads one command,
 * takes it for QUIT, and answers that. What a connection costs beyond it is
 * the handler's own.
 */
#include <unistd.h>

static const char greeting[] = "220 mx.bench.test ESMTP\r\n";
static const char goodbye[] = "221 2.0.0 Goodbye\r\n";

int
main(void)
{
	char command[512];

	return write(STDOUT_FILENO, greeting, sizeof(greeting) - 1) == -1 ||
	    read(STDIN_FILENO, command, sizeof(command)) <= 0 ||
	    write(STDOUT_FILENO, goodbye, sizeof(goodbye) - 1) == -1;
}
