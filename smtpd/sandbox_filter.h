/*
 * The seccomp filter of the handler, for x86-64 or arm64. The compiler makes
 * it, so that a session does no more than hand it to the kernel.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <linux/filter.h>

#include "sandbox.h"

/* Every call that a session makes once the sandbox is in force is allowed; any
 * other, or one with arguments that no session uses, kills the process. */
extern const struct sock_filter sandbox_filter[];
extern const unsigned short sandbox_filter_length;

/* Instructions in a filter, at most. */
#define SANDBOX_FILTER_MAX 96

/* The filter, or a copy of it in room that also allows what a hand-off to a
 * next hop or to a program needs. */
const struct sock_filter *sandbox_filter_for(const struct sandbox_needs *,
    struct sock_filter room[SANDBOX_FILTER_MAX]);

#endif
