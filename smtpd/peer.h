/* Who is connected. */
#ifndef PEER_H
#define PEER_H

#include <arpa/inet.h>

#include "ip.h"

struct peer {
	struct ip_address address;   /* IP_NONE if unknown */
	char text[INET6_ADDRSTRLEN]; /* "" if unknown */
	char port[6];		     /* "" if unknown */
};

/*
 * From REMOTE_ADDR and REMOTE_PORT (systemd), else TCPREMOTEIP and
 * TCPREMOTEPORT (ucspi), as config_load_starter gives them (NULL if unset), else
 * from getpeername on fd. A text that is no address counts as unset.
 */
void peer_identify(struct peer *, const char *address, const char *port,
    int fd);

/* Somebody whose address and port are known. */
void peer_set(struct peer *, struct ip_address, unsigned port);

#endif
