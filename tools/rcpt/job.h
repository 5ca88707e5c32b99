/*
 * What a build does beside its work: it heeds the signals that end it, and on a
 * terminal it shows how far it is.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct job {
	int signals;   /* a signalfd(2); -1: they end the program */
	bool terminal; /* stderr is one */
	bool shown;    /* a progress line stands there */
	struct timespec start;
	struct timespec next; /* when to show it again */
};

/* With "tidy", SIGINT, SIGTERM and SIGHUP are held back, and asked for here:
 * there is something to clean up. */
void job_start(struct job *, bool tidy);

/* Tells of a step, the done-th of total, of some work. It is cheap enough for
 * every record. False if a signal has come: stop. */
bool job_step(struct job *, const char *work, size_t done, size_t total);

/* Whether a signal has come. */
bool job_interrupted(const struct job *);

/* Waits until fd can be read (-1: for the time alone), at most so long; -1 is
 * for ever. False if a signal has come. */
bool job_wait(const struct job *, int fd, int milliseconds);

/* Wipes the progress line. */
void job_wipe(struct job *);

/* Seconds since the start. */
double job_seconds(const struct job *);

/* Lets a signal that was held back have its effect, which may be the end. */
void job_end(struct job *);

#endif
