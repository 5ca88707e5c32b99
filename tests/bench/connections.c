/*
 * How many dialogues a second a server takes. Some clients play them one after
 * the other for some seconds.
 *
 * Usage: connections PORT CLIENTS SECONDS CODE COMMAND [CODE COMMAND]...
 * Waits for a reply that starts with CODE, says COMMAND, and so on; the last
 * one must be QUIT. Prints dialogues a second.
 */
#include <sys/wait.h>

#include "connection.h"

static void
play(unsigned short port, char **script)
{
	struct connection c;
	char line[512];

	connection_open(&c, port);
	for (; script[0] != NULL; script += 2) {
		connection_expect(&c, script[0]);
		snprintf(line, sizeof(line), "%s\r\n", script[1]);
		connection_say(&c, line);
	}
	connection_expect(&c, "221");
	connection_close(&c);
}

/* Writes how many it played to the pipe. */
static void
client(unsigned short port, double seconds, char **script, int result)
{
	double end = seconds_now() + seconds;
	unsigned long played = 0;

	for (; seconds_now() < end; played++)
		play(port, script);
	if (write(result, &played, sizeof(played)) != sizeof(played))
		err(1, "pipe");
}

int
main(int argc, char **argv)
{
	unsigned long played, sum = 0;
	int clients, results[2], status;
	double begin;

	if (argc < 6 || argc % 2 != 0 || pipe(results) == -1)
		errx(2,
		    "usage: connections PORT CLIENTS SECONDS "
		    "CODE COMMAND...");
	clients = atoi(argv[2]);
	begin = seconds_now();
	for (int i = 0; i < clients; i++) {
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			client((unsigned short)atoi(argv[1]), atof(argv[3]),
			    argv + 4, results[1]);
			return 0;
		}
	}
	for (int i = 0; i < clients; i++)
		if (wait(&status) == -1 || status != 0)
			errx(1, "a client failed");
	begin = seconds_now() - begin;
	for (int i = 0; i < clients; i++) {
		if (read(results[0], &played, sizeof(played)) != sizeof(played))
			err(1, "pipe");
		sum += played;
	}
	printf("%.1f\n", (double)sum / begin);
	return 0;
}
