/*
 * Signals, and the two waits that they interrupt. A signal that comes just
 * before the wait begins ends it all the same: the handler sets the time that
 * the kernel is about to read to zero.
 */
#ifndef SIGNALS_H
#define SIGNALS_H

#include <poll.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

/* SIGTERM is kept for signals_terminated, SIGIO wakes, SIGPIPE and SIGXFSZ are
 * ignored. */
void signals_install(void);

/* Whether SIGTERM has come. */
bool signals_terminated(void);

/* What signals_watch makes of fd comes to this process. To be called before the
 * sandbox is in force: who may do this can send signals to others. */
void signals_own(int fd);

/* From now on SIGIO comes when something happens to fd, a hang-up among them;
 * with false, no more. */
void signals_watch(int fd, bool on);

/* poll(2) until an absolute time on CLOCK_MONOTONIC; it looks once even if that
 * is over.
 * Returns its result: 0 at the deadline, -1 with EINTR after a signal. */
int signals_poll(struct pollfd *, nfds_t count, struct timespec deadline);

/* Reads once, as soon as there is something to read.
 * Returns the number of octets, or -1 with errno: ETIMEDOUT at the deadline,
 * EINTR after a signal, ECONNRESET at the end. */
ssize_t signals_read(int fd, void *octets, size_t size,
    struct timespec deadline);

/* Sleeps until an absolute time on CLOCK_MONOTONIC.
 * Returns true at that time, false after a signal. */
bool signals_sleep(struct timespec until);

#endif
