/*
 * How many dialogues a second a server takes. Some clients play them one after
 * the other for some seconds.
 *
 * Usage: connections PORT CLIENTS SECONDS CODE COMMAND [CODE COMMAND]...
 * Waits for a reply that starts with CODE, says COMMAND, and so on; the last
 * one must be QUIT. Prints dialogues a second.
 */
#include "clients.h"

static void
play(unsigned short port, unsigned long number, char **script)
{
	struct connection c;
	char line[512];

	(void)number;
	connection_open(&c, port);
	for (; script[0] != NULL; script += 2) {
		connection_expect(&c, script[0]);
		snprintf(line, sizeof(line), "%s\r\n", script[1]);
		connection_say(&c, line);
	}
	connection_expect(&c, "221");
	connection_close(&c);
}

int
main(int argc, char **argv)
{
	if (argc < 6 || argc % 2 != 0)
		errx(2,
		    "usage: connections PORT CLIENTS SECONDS "
		    "CODE COMMAND...");
	clients_run(play, (unsigned short)atoi(argv[1]), atoi(argv[2]),
	    atof(argv[3]), argv + 4);
	return 0;
}
