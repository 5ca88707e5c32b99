/*
 * How long a server takes to accept messages, all in one session.
 *
 * Usage: intake PORT RECIPIENT COUNT OCTETS
 * Prints seconds, from the first MAIL to the last 250.
 */
#include "connection.h"
#include "text.h"

int
main(int argc, char **argv)
{
	struct connection c;
	char envelope[512];
	char *text;
	size_t length;
	double begin;

	if (argc != 5)
		errx(2, "usage: intake PORT RECIPIENT COUNT OCTETS");
	text = text_make(strtoul(argv[4], NULL, 10), "\r\n", ".\r\n", &length);
	snprintf(envelope, sizeof(envelope),
	    "MAIL FROM:<sender@client.test>\r\nRCPT TO:<%s>\r\nDATA\r\n",
	    argv[2]);
	connection_open(&c, (unsigned short)atoi(argv[1]));
	connection_expect(&c, "220");
	connection_say(&c, "EHLO client.test\r\n");
	connection_expect(&c, "250");
	begin = seconds_now();
	for (long i = atol(argv[3]); i > 0; i--) {
		connection_say(&c, envelope);
		connection_expect(&c, "250");
		connection_expect(&c, "250");
		connection_expect(&c, "354");
		connection_send(&c, text, length);
		connection_expect(&c, "250");
	}
	printf("%.6f\n", seconds_now() - begin);
	connection_say(&c, "QUIT\r\n");
	connection_expect(&c, "221");
	connection_close(&c);
	free(text);
	return 0;
}
