/* Clients that have the same dialogue again and again, several at once. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <sys/wait.h>

#include "connection.h"

/* Plays one; number counts them from 0, in each client. */
typedef void clients_play(unsigned short port, unsigned long number,
    char **script);

/* Writes how many it played to the pipe. */
static inline void
clients_run_one(clients_play *play, unsigned short port, double seconds,
    char **script, int result)
{
	double end = seconds_now() + seconds;
	unsigned long played = 0;

	for (; seconds_now() < end; played++)
		play(port, played, script);
	if (write(result, &played, sizeof(played)) != sizeof(played))
		err(1, "pipe");
}

/* Prints how many dialogues a second so many clients got in some seconds. */
static inline void
clients_run(clients_play *play, unsigned short port, int clients,
    double seconds, char **script)
{
	unsigned long played, sum = 0;
	double begin = seconds_now();
	int results[2], status;

	if (pipe(results) == -1)
		err(1, "pipe");
	for (int i = 0; i < clients; i++) {
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			clients_run_one(play, port, seconds, script,
			    results[1]);
			_exit(0);
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
}

#endif
