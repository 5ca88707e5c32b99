/*
 * The seccomp filter of the handler, for x86-64 or arm64. The compiler makes
 * it, so that a session does no more than hand it to the kernel.
 */
#ifndef SANDBOX_FILTER_H
#define SANDBOX_FILTER_H

#include <linux/filter.h>
#include <stdbool.h>

/* Instructions in a filter, at most. */
#define SANDBOX_FILTER_MAX 80

/* What a session needs beside what every session does; zero is nothing. */
struct sandbox_filter_needs {
	unsigned next_hop_family; /* of its address: may be connected to */
	bool receives_descriptors;
	int auth_socket; /* may be connected */
	int tls_socket;	 /* the same, and may pass descriptors */
};

/*
 * Every call that a session makes once the sandbox is in force is allowed; any
 * other, or one with arguments that no session uses, kills the process.
 *
 * A filter with more than the plain one is made in room, which must outlive it.
 */
struct sock_fprog sandbox_filter_for(const struct sandbox_filter_needs *,
    struct sock_filter room[SANDBOX_FILTER_MAX]);

#endif
