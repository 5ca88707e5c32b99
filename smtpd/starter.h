/*
 * Starts the program of the qmail-queue hand-off. The sandbox lets the handler
 * start nothing, so a process of its own is forked before it is entered; it
 * waits to be asked, over a local socket, and ends with the handler.
 */
#ifndef STARTER_H
#define STARTER_H

#include <time.h>

struct starter {
	int channel; /* to the starting process; -1 if there is none */
};

/* A program that runs, by qmail-queue(8)'s protocol: write the message, then
 * the envelope, and close each. */
struct starter_program {
	int message;   /* its descriptor 0 */
	int envelope;  /* its descriptor 1 */
	int complaint; /* what it writes to its descriptors 4 and 6 */
};

/* Forks the starting process. Returns 0, or -1 with errno. */
int starter_open(struct starter *, const char *program);

/* Starts the program, by the deadline. Returns 0, or -1 with errno. One
 * program runs at a time: starter_wait comes before the next. */
int starter_run(struct starter *, struct starter_program *,
    struct timespec deadline);

/* The program ended with 0 without having read all that was for it. */
#define STARTER_UNREAD (-2)

/* Waits for the program to end, by the deadline; its descriptors 0 and 1 must
 * be closed. Returns its wait status (wait(2)), STARTER_UNREAD, or -1; no more
 * can be started then. */
int starter_wait(struct starter *, struct timespec deadline);

#endif
