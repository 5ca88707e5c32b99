/* The seccomp filter of a process that does TLS on sockets it has. */
#ifndef FILTER_H
#define FILTER_H

#include <linux/filter.h>

/* Every call that a handshake and a session make; any other kills the process. */
extern const struct sock_fprog filter_program;

#endif
