#include "job.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "status.h"

#define STEPS_BETWEEN_LOOKS 4096

static const struct timespec first_shown = { .tv_sec = 1 };
static const struct timespec shown_again = { .tv_nsec = 200000000 };

/* The signals that would end the program. One that is ignored, as by nohup(1),
 * stays so: held back, it would be seen all the same. */
static sigset_t
held_back(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGTERM };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction action;

		sigaction(signals[i], NULL, &action);
		if (action.sa_handler != SIG_IGN)
			sigaddset(&set, signals[i]);
	}
	return set;
}

void
job_start(struct job *j, bool tidy)
{
	*j = (struct job){ .signals = -1 };
	j->terminal = isatty(STDERR_FILENO) == 1;
	j->start = clock_now();
	j->next = clock_add(j->start, first_shown);
	if (tidy) {
		sigset_t set = held_back();

		j->signals = signalfd(-1, &set, SFD_CLOEXEC);
		if (j->signals == -1 || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
			err(STATUS_TROUBLE, "signals");
	}
}

bool
job_wait(const struct job *j, int fd, int milliseconds)
{
	struct pollfd wanted[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = j->signals, .events = POLLIN },
	};

	while (poll(wanted, 2, milliseconds) == -1 && errno == EINTR)
		;
	return wanted[1].revents == 0;
}

bool
job_interrupted(const struct job *j)
{
	return j->signals != -1 && !job_wait(j, -1, 0);
}

bool
job_step(struct job *j, const char *work, size_t done, size_t total)
{
	if (done % STEPS_BETWEEN_LOOKS != 0)
		return true;
	if (job_interrupted(j))
		return false;
	if (j->terminal && !clock_before(clock_now(), j->next)) {
		fprintf(stderr, "\r%s: %3zu%% \b", work,
		    total == 0 ? 100 : done * 100 / total);
		j->shown = true;
		j->next = clock_add(clock_now(), shown_again);
	}
	return true;
}

void
job_wipe(struct job *j)
{
	if (j->shown)
		fputs("\r\033[K", stderr);
	j->shown = false;
}

double
job_seconds(const struct job *j)
{
	return (double)clock_microseconds(clock_since(clock_now(), j->start)) /
	    1e6;
}

void
job_end(struct job *j)
{
	sigset_t set = held_back();

	job_wipe(j);
	if (j->signals == -1)
		return;
	close(j->signals);
	j->signals = -1;
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
