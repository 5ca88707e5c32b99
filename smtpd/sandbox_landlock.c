#include "sandbox_landlock.h"

#include <errno.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers that this is to be built with. */
#define ACCESS_FS_TRUNCATE (1ULL << 14) /* ABI 3 */
#define ACCESS_NET_BIND_TCP (1ULL << 0) /* ABI 4 */
#define ACCESS_NET_CONNECT_TCP (1ULL << 1)
#define ACCESS_FS_IOCTL_DEV (1ULL << 15)       /* ABI 5 */
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ULL << 0) /* ABI 6 */
#define SCOPE_SIGNAL (1ULL << 1)

/* All rights up to this one are known to ABI 2. */
#define ABI_2_ACCESS_FS (LANDLOCK_ACCESS_FS_REFER * 2 - 1)

/* What delivery does below the Maildir root. Reading is not part of it. */
#define DELIVERY_ACCESS_FS                                                \
	(LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_MAKE_DIR |      \
	    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REFER)

#define RULE_NET_PORT 2 /* ABI 4 */

/* struct landlock_net_port_attr as of ABI 4. */
struct net_port {
	uint64_t allowed_access;
	uint64_t port;
};

/* struct landlock_ruleset_attr as of ABI 6. */
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};

int
sandbox_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	/* Not built in, or not enabled at boot. */
	if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return 0;
	return abi == 1 ? 0 : (int)abi;
}

/* Everything that this ABI can refuse. */
static struct ruleset
everything(int abi, size_t *size)
{
	struct ruleset all = { .handled_access_fs = ABI_2_ACCESS_FS };

	*size = offsetof(struct ruleset, handled_access_net);
	if (abi >= 3)
		all.handled_access_fs |= ACCESS_FS_TRUNCATE;
	if (abi >= 4) {
		all.handled_access_net = ACCESS_NET_BIND_TCP |
		    ACCESS_NET_CONNECT_TCP;
		*size = offsetof(struct ruleset, scoped);
	}
	if (abi >= 5)
		all.handled_access_fs |= ACCESS_FS_IOCTL_DEV;
	if (abi >= 6) {
		all.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
		*size = sizeof(all);
	}
	return all;
}

/* The port of a next hop that is reached by TCP, else 0. */
static in_port_t
tcp_port(const struct sockaddr *address)
{
	if (address == NULL)
		return 0;
	switch (address->sa_family) {
	case AF_INET:
		return ntohs(((const struct sockaddr_in *)(const void *)address)
				 ->sin_port);
	case AF_INET6:
		return ntohs(
		    ((const struct sockaddr_in6 *)(const void *)address)
			->sin6_port);
	default:
		return 0;
	}
}

static bool
allow_maildir(int ruleset, int root)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = DELIVERY_ACCESS_FS,
		.parent_fd = root,
	};

	return root < 0 ||
	    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) == 0;
}

static bool
allow_next_hop(int ruleset, const struct ruleset *all,
    const struct sockaddr *address)
{
	struct net_port rule = { ACCESS_NET_CONNECT_TCP, tcp_port(address) };

	return rule.port == 0 || all->handled_access_net == 0 ||
	    syscall(SYS_landlock_add_rule, ruleset, RULE_NET_PORT, &rule, 0) ==
	    0;
}

bool
sandbox_landlock_enter(int abi, const struct sandbox_needs *needs)
{
	size_t size;
	struct ruleset all = everything(abi, &size);
	int fd = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
	bool done;

	if (fd < 0)
		return false;
	done = allow_maildir(fd, needs->maildir_root) &&
	    allow_next_hop(fd, &all, needs->next_hop) &&
	    syscall(SYS_landlock_restrict_self, fd, 0) == 0;
	close(fd);
	return done;
}
