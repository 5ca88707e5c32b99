/* Points and lengths of time on CLOCK_MONOTONIC, as struct timespec. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define CLOCK_NSEC_PER_SEC 1000000000L

static inline struct timespec
clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now;
}

static inline struct timespec
clock_add(struct timespec a, struct timespec b)
{
	a.tv_sec += b.tv_sec;
	a.tv_nsec += b.tv_nsec;
	if (a.tv_nsec >= CLOCK_NSEC_PER_SEC) {
		a.tv_nsec -= CLOCK_NSEC_PER_SEC;
		a.tv_sec++;
	}
	return a;
}

/* a - b, or zero if b is the later one. */
static inline struct timespec
clock_since(struct timespec a, struct timespec b)
{
	a.tv_sec -= b.tv_sec;
	a.tv_nsec -= b.tv_nsec;
	if (a.tv_nsec < 0) {
		a.tv_nsec += CLOCK_NSEC_PER_SEC;
		a.tv_sec--;
	}
	if (a.tv_sec < 0)
		return (struct timespec){ 0 };
	return a;
}

static inline bool
clock_before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec ||
	    (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

static inline bool
clock_is_zero(struct timespec t)
{
	return t.tv_sec == 0 && t.tv_nsec == 0;
}

static inline uint64_t
clock_microseconds(struct timespec t)
{
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

#endif
