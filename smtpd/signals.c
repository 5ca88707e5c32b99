#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "clock.h"

/*
 * All that a handler may touch. The signals are blocked outside the two waits,
 * so that one that comes earlier is pending when the wait begins.
 */
static volatile sig_atomic_t terminated;
static struct timespec sleep_until;

static void
on_signal(int number)
{
	if (number == SIGTERM)
		terminated = 1;
	sleep_until = (struct timespec){ 0 };
}

static void
interrupting_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGIO);
}

/* These stay blocked for ever: a write then just fails with EPIPE or EFBIG. */
static void
add_write_signals(sigset_t *set)
{
	sigaddset(set, SIGPIPE);
	sigaddset(set, SIGXFSZ);
}

void
signals_install(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigset_t blocked;

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGIO, &action, NULL);
	interrupting_signals(&blocked);
	add_write_signals(&blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
}

bool
signals_terminated(void)
{
	sigset_t set;

	/* While there is always input, no wait lets it in. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return terminated != 0;
}

void
signals_own(int fd)
{
	fcntl(fd, F_SETOWN, getpid());
}

void
signals_watch(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return;
	fcntl(fd, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC);
}

int
signals_poll(struct pollfd *fds, nfds_t count, struct timespec deadline)
{
	struct timespec left = clock_since(deadline, clock_now());
	sigset_t mask;

	sigemptyset(&mask);
	add_write_signals(&mask);
	return ppoll(fds, count, &left, &mask);
}

ssize_t
signals_read(int fd, void *octets, size_t size, struct timespec deadline)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	int ready = signals_poll(&readable, 1, deadline);
	ssize_t got;

	if (ready == 0)
		errno = ETIMEDOUT;
	if (ready <= 0)
		return -1;
	got = read(fd, octets, size);
	if (got == 0)
		errno = ECONNRESET;
	return got > 0 ? got : -1;
}

bool
signals_sleep(struct timespec until)
{
	sigset_t set;
	int error;

	interrupting_signals(&set);
	sleep_until = until;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	/* A signal since then has set the time that this call reads to zero. */
	error = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &sleep_until,
	    NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return error == 0 && !clock_is_zero(sleep_until);
}
