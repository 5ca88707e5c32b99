#include "sandbox.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_filter.h"

#define FILES_MAX 32
#define MEMORY_MAX (16 * 1024 * 1024)
#define HEADERS_MAX 65536 /* what is written before a message */

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

void
sandbox_close_inherited(void)
{
	/* A kernel before 5.9 has no close_range. */
	if (syscall(SYS_close_range, 3, ~0U, 0) != 0)
		for (int fd = 3; fd < 1024; fd++)
			close(fd);
}

/* Never raises a limit that is lower already. */
static bool
limit(int resource, rlim_t most)
{
	struct rlimit wanted = { most, most }, before;

	if (prlimit(0, resource, &wanted, &before) != 0)
		return errno == EPERM && getrlimit(resource, &before) == 0 &&
		    before.rlim_max <= most;
	if (before.rlim_cur >= most)
		return true;
	return setrlimit(resource, &before) == 0;
}

/* A log that is a file may be larger than any message. */
static bool
logs_to_file(void)
{
	struct stat status;

	return fstat(STDERR_FILENO, &status) == 0 && S_ISREG(status.st_mode);
}

static bool
limit_resources(uint64_t message_size)
{
	if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, FILES_MAX))
		return false;
	if (message_size != 0 && message_size < RLIM_INFINITY - HEADERS_MAX &&
	    !logs_to_file() && !limit(RLIMIT_FSIZE, message_size + HEADERS_MAX))
		return false;
#ifdef SANDBOX_WITHOUT_SECCOMP
	/* Sanitizers map terabytes, and start a process at the end. */
	return true;
#else
	return limit(RLIMIT_NPROC, 0) && limit(RLIMIT_AS, MEMORY_MAX);
#endif
}

/* Most processes have none, and are done after the first call. */
static bool
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];
	const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {
		{ 0 }
	};
	uint32_t any;

	if (syscall(SYS_capget, &header, has) != 0)
		return false;
	any = has[0].permitted | has[1].permitted;
	any |= has[0].inheritable | has[1].inheritable;
	if (any == 0)
		return true;
	if ((has[0].effective & 1U << CAP_SETPCAP) != 0) {
		int cap = 0;

		while (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			cap++;
		if (errno != EINVAL) /* that is behind the last one */
			return false;
	}
	/* The ambient ones go with those that they were made from. */
	return syscall(SYS_capset, &header, none) == 0;
}

/* The version of Landlock; 0 if the kernel has none that lets mail be linked
 * from one directory to another, -1 if it is refused. */
static int
landlock_abi(void)
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

static bool
enter_landlock(int abi, const struct sandbox_needs *needs)
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

static bool
enter_seccomp(const struct sandbox_needs *needs)
{
#ifdef SANDBOX_WITHOUT_SECCOMP
	(void)needs;
	return true;
#else
	struct sock_filter room[SANDBOX_FILTER_MAX];
	struct sock_fprog program = sandbox_filter_for(needs->next_hop == NULL
		? AF_UNSPEC
		: needs->next_hop->sa_family,
	    needs->receives_descriptors, room);

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
#endif
}

const char *
sandbox_enter(const struct sandbox_needs *needs, bool *without_landlock)
{
	int abi = landlock_abi();

	*without_landlock = abi == 0;
	if (!limit_resources(needs->message_size))
		return "resource limits";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return "no_new_privs";
	if (abi < 0 || (abi > 0 && !enter_landlock(abi, needs)))
		return "Landlock";
	if (!drop_capabilities())
		return "capabilities";
	if (needs->seccomp && !enter_seccomp(needs))
		return "seccomp";
	return NULL;
}

void
sandbox_show(bool seccomp, FILE *out)
{
	int abi = landlock_abi();

#ifdef SANDBOX_WITHOUT_SECCOMP
	seccomp = false;
#endif
	fprintf(out, "# sandbox: landlock=");
	if (abi > 0)
		fprintf(out, "%d", abi);
	else
		fprintf(out, "no");
	fprintf(out, " seccomp=%s\n", seccomp ? "yes" : "no");
}
