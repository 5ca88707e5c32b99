#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox_landlock.h"

/* A process needs few. But it may only pass one on while all processes of its
 * user have fewer than this on their way (unix(7), ETOOMANYREFS). */
#define FILES_MAX 1024
#define HEADERS_MAX 65536 /* what is written before a message */

/* A kernel before 5.9 has no close_range. */
static void
close_between(unsigned first, unsigned last)
{
	if (first <= last && syscall(SYS_close_range, first, last, 0) != 0)
		for (unsigned fd = first; fd <= last && fd < 1024; fd++)
			close((int)fd);
}

/* The least of them that is not below the first. */
static unsigned
next_kept(const int *kept, size_t count, unsigned first)
{
	unsigned next = ~0U;

	for (size_t i = 0; i < count; i++)
		if ((unsigned)kept[i] >= first && (unsigned)kept[i] < next)
			next = (unsigned)kept[i];
	return next;
}

void
sandbox_close_inherited_but(const int *kept, size_t count)
{
	unsigned first = STDERR_FILENO + 1;

	for (;;) {
		unsigned next = next_kept(kept, count, first);

		if (next == ~0U)
			break;
		close_between(first, next - 1);
		fcntl((int)next, F_SETFD, FD_CLOEXEC);
		first = next + 1;
	}
	close_between(first, ~0U);
}

void
sandbox_close_inherited(void)
{
	sandbox_close_inherited_but(NULL, 0);
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
limit_resources(uint64_t message_size, uint64_t memory)
{
	if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_NOFILE, FILES_MAX))
		return false;
	if (message_size != 0 && message_size < RLIM_INFINITY - HEADERS_MAX &&
	    !logs_to_file() && !limit(RLIMIT_FSIZE, message_size + HEADERS_MAX))
		return false;
#ifdef SANDBOX_WITHOUT_SECCOMP
	/* Sanitizers map terabytes, and start a process at the end. */
	(void)memory;
	return true;
#else
	return limit(RLIMIT_NPROC, 0) && limit(RLIMIT_AS, memory);
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

static bool
enter_seccomp(const struct sock_fprog *filter)
{
#ifdef SANDBOX_WITHOUT_SECCOMP
	(void)filter;
	return true;
#else
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter) == 0;
#endif
}

const char *
sandbox_enter(const struct sandbox_needs *needs,
    const struct sock_fprog *filter, bool *without_landlock)
{
	int abi = sandbox_landlock_abi();

	*without_landlock = abi == 0;
	if (!limit_resources(needs->message_size, needs->memory))
		return "resource limits";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return "no_new_privs";
	if (abi < 0 || (abi > 0 && !sandbox_landlock_enter(abi, needs)))
		return "Landlock";
	if (!drop_capabilities())
		return "capabilities";
	if (filter != NULL && !enter_seccomp(filter))
		return "seccomp";
	return NULL;
}

void
sandbox_show(bool seccomp, FILE *out)
{
	int abi = sandbox_landlock_abi();

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
