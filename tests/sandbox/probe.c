/*
 * Enters the sandbox of the handler and then tries what an attacker would who
 * had taken it over. Linked with the handler's own objects.
 *
 * usage: probe none|limits|all|relay|program|auth|tls ATTEMPT DIRECTORY
 *        probe tarpit-tls|tarpit-tls-limits ATTEMPT DIRECTORY
 *
 * "none" is without the sandbox, "limits" without its seccomp filter; "relay"
 * and "program" are all of it for a hand-off to a next hop by TCP, which is
 * there, or to a program; "auth" and "tls" for a local socket to connect;
 * "tarpit-tls" is the sandbox of that program. Of the directory, "root" is the
 * Maildir root and "other" is not; each has a "file".
 * Prints "done", or the error that the kernel gave.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"
#include "sandbox_filter.h"
#include "tls/filter.h"

#define MESSAGE_SIZE 1000000
#define TOO_MUCH (32 * 1024 * 1024)

/* All that was opened before the sandbox. */
struct prepared {
	int root;
	int other;
	int tcp, tcp_to_bind;
	int datagram;
	int local; /* is the needed local socket */
	int connected;
	struct sockaddr_in listening, elsewhere;
	struct sockaddr_un receiver;
	void *page;
	pid_t child;
};

/* Each returns -1 with errno if it is denied. */
static int
read_file(const struct prepared *p)
{
	return openat(p->other, "file", O_RDONLY);
}

static int
write_file(const struct prepared *p)
{
	return openat(p->other, "file", O_WRONLY);
}

static int
read_password_file(const struct prepared *p)
{
	(void)p;
	return open("/etc/passwd", O_RDONLY);
}

/* As delivery does it, but elsewhere. */
static int
create_file(const struct prepared *p)
{
	return openat(p->other, "created", O_WRONLY | O_CREAT | O_EXCL, 0600);
}

static int
make_directory(const struct prepared *p)
{
	return mkdirat(p->other, "made", 0700);
}

static int
unlink_file(const struct prepared *p)
{
	return unlinkat(p->other, "file", 0);
}

static int
link_out(const struct prepared *p)
{
	return linkat(p->root, "file", p->other, "linked", 0);
}

static int
link_in(const struct prepared *p)
{
	return linkat(p->other, "file", p->root, "linked", 0);
}

static int
rename_file(const struct prepared *p)
{
	return renameat(p->other, "file", p->other, "renamed");
}

/* In the root itself: what delivery does not do. */
static int
read_mail(const struct prepared *p)
{
	return openat(p->root, "file", O_RDONLY);
}

static int
truncate_mail(const struct prepared *p)
{
	return openat(p->root, "file", O_WRONLY | O_TRUNC);
}

static int
overwrite_mail(const struct prepared *p)
{
	return openat(p->root, "file", O_WRONLY);
}

static int
link_symbolically(const struct prepared *p)
{
	return symlinkat("/etc/passwd", p->root, "symbolic");
}

static int
execute(const struct prepared *p)
{
	(void)p;
	return execl("/bin/echo", "echo", "done", NULL);
}

static int
start_process(const struct prepared *p)
{
	pid_t child = fork();

	(void)p;
	if (child == 0)
		_exit(0);
	return child;
}

static int
make_socket(const struct prepared *p)
{
	(void)p;
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int
make_local_socket(const struct prepared *p)
{
	(void)p;
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

static int
connect_tcp_elsewhere(const struct prepared *p)
{
	return connect(p->tcp, (const struct sockaddr *)&p->elsewhere,
	    sizeof(p->elsewhere));
}

static int
connect_tcp(const struct prepared *p)
{
	return connect(p->tcp, (const struct sockaddr *)&p->listening,
	    sizeof(p->listening));
}

static int
listen_tcp(const struct prepared *p)
{
	struct sockaddr_in any = { .sin_family = AF_INET };

	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return bind(p->tcp_to_bind, (const struct sockaddr *)&any, sizeof(any));
}

static int
connect_unix(const struct prepared *p)
{
	return connect(p->datagram, (const struct sockaddr *)&p->receiver,
	    sizeof(p->receiver));
}

static int
connect_local(const struct prepared *p)
{
	return connect(p->local, (const struct sockaddr *)&p->receiver,
	    sizeof(p->receiver));
}

/* As an attacker would get a socket to connect to somebody else. */
static int
disconnect(const struct prepared *p)
{
	struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	return connect(p->connected, &nobody, sizeof(nobody));
}

static int
pass(int to, int fd)
{
	char octet = 'T';
	struct iovec octets = { &octet, 1 };
	union {
		struct cmsghdr header;
		char octets[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
			  .cmsg_level = SOL_SOCKET,
			  .cmsg_type = SCM_RIGHTS } };
	struct msghdr message = { .msg_iov = &octets,
		.msg_iovlen = 1,
		.msg_control = control.octets,
		.msg_controllen = sizeof(control.octets) };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	return (int)sendmsg(to, &message, 0);
}

static int
pass_descriptor(const struct prepared *p)
{
	return connect_local(p) < 0 ? -1 : pass(p->local, STDIN_FILENO);
}

static int
pass_elsewhere(const struct prepared *p)
{
	return pass(p->connected, STDIN_FILENO);
}

static int
send_elsewhere(const struct prepared *p)
{
	return (int)sendto(p->datagram, "x", 1, 0,
	    (const struct sockaddr *)&p->receiver, sizeof(p->receiver));
}

static int
map_executable(const struct prepared *p)
{
	(void)p;
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
	    ? -1
	    : 0;
}

static int
make_executable(const struct prepared *p)
{
	return mprotect(p->page, 4096, PROT_READ | PROT_EXEC);
}

static int
signal_process(const struct prepared *p)
{
	return kill(p->child, SIGCONT);
}

/* The kernel sends what the owner of a descriptor may send. */
static int
signal_by_descriptor(const struct prepared *p)
{
	return fcntl(p->datagram, F_SETOWN, p->child);
}

static int
trace_process(const struct prepared *p)
{
	return (int)ptrace(PTRACE_SEIZE, p->child, NULL, NULL);
}

static int
get_memory(const struct prepared *p)
{
	(void)p;
	return mmap(NULL, TOO_MUCH, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
	    ? -1
	    : 0;
}

static int
open_many(const struct prepared *p)
{
	for (int i = 0; i < 1024; i++)
		if (openat(p->root, ".", O_RDONLY | O_DIRECTORY) < 0)
			return -1;
	return 0;
}

static int
write_large_file(const struct prepared *p)
{
	static char octets[MESSAGE_SIZE];
	int fd = openat(p->root, "large", O_WRONLY | O_CREAT | O_EXCL, 0600);

	/* The one that comes to the limit is cut short. */
	for (int i = 0; i < 3; i++)
		if (fd < 0 || write(fd, octets, sizeof(octets)) < 0)
			return -1;
	return 0;
}

static int
give_file_away(const struct prepared *p)
{
	return fchownat(p->root, "file", 65534, 65534, 0);
}

/* Whether one is left, in any set; EPERM if not. */
static int
use_capability(const struct prepared *p)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct has[2];
	int left = 0;

	(void)p;
	syscall(SYS_capget, &header, has);
	for (int i = 0; i < 2; i++)
		left |= has[i].effective != 0 || has[i].permitted != 0 ||
		    has[i].inheritable != 0;
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		left |= prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1;
	errno = EPERM;
	return left ? 0 : -1;
}

static int
gain_privileges(const struct prepared *p)
{
	(void)p;
	errno = EPERM;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? -1 : 0;
}

static int
dump_core(const struct prepared *p)
{
	struct rlimit core = { 1, 1 };

	(void)p;
	return setrlimit(RLIMIT_CORE, &core);
}

/* getpid by its number in x32. Most kernels are without that. */
static int
call_x32(const struct prepared *p)
{
	(void)p;
	return (int)syscall(0x40000000 | SYS_getpid);
}

static int
use_inherited(const struct prepared *p)
{
	(void)p;
	return (int)write(99, "x", 1);
}

/* All that delivery needs. */
static int
deliver(const struct prepared *p)
{
	int tmp, new, fd;

	if (mkdirat(p->root, "tmp", 0700) != 0 ||
	    mkdirat(p->root, "new", 0700) != 0)
		return -1;
	tmp = openat(p->root, "tmp", O_PATH | O_DIRECTORY | O_NOFOLLOW);
	new = openat(p->root, "new", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	fd = openat(tmp, "x", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) != 0 ||
	    linkat(tmp, "x", new, "x", 0) != 0 || unlinkat(tmp, "x", 0) != 0)
		return -1;
	return fsync(new);
}

static const struct attempt {
	const char *name;
	int (*run)(const struct prepared *);
} attempts[] = {
	{ "call-x32", call_x32 },
	{ "connect-local", connect_local },
	{ "connect-tcp", connect_tcp },
	{ "connect-tcp-elsewhere", connect_tcp_elsewhere },
	{ "connect-unix", connect_unix },
	{ "create-file", create_file },
	{ "deliver", deliver },
	{ "disconnect", disconnect },
	{ "dump-core", dump_core },
	{ "execute", execute },
	{ "gain-privileges", gain_privileges },
	{ "get-memory", get_memory },
	{ "give-file-away", give_file_away },
	{ "link-in", link_in },
	{ "link-out", link_out },
	{ "link-symbolically", link_symbolically },
	{ "listen-tcp", listen_tcp },
	{ "make-directory", make_directory },
	{ "make-executable", make_executable },
	{ "make-local-socket", make_local_socket },
	{ "make-socket", make_socket },
	{ "map-executable", map_executable },
	{ "open-many", open_many },
	{ "overwrite-mail", overwrite_mail },
	{ "pass-descriptor", pass_descriptor },
	{ "pass-elsewhere", pass_elsewhere },
	{ "read-file", read_file },
	{ "read-mail", read_mail },
	{ "read-password-file", read_password_file },
	{ "rename-file", rename_file },
	{ "send-elsewhere", send_elsewhere },
	{ "signal-by-descriptor", signal_by_descriptor },
	{ "signal-process", signal_process },
	{ "start-process", start_process },
	{ "trace-process", trace_process },
	{ "truncate-mail", truncate_mail },
	{ "unlink-file", unlink_file },
	{ "use-capability", use_capability },
	{ "use-inherited", use_inherited },
	{ "write-file", write_file },
	{ "write-large-file", write_large_file },
};

static void
must(bool done, const char *what)
{
	if (done)
		return;
	perror(what);
	exit(1);
}

/* A process that lives no longer than this one: then its pipe ends. */
static pid_t
start_child(void)
{
	int ends[2];
	pid_t child;
	char c;

	must(pipe(ends) == 0, "pipe");
	child = fork();
	if (child == 0) {
		close(STDOUT_FILENO);
		close(ends[1]);
		_exit(read(ends[0], &c, 1) != 0);
	}
	close(ends[0]);
	return child;
}

/* A socket that listens. */
static struct sockaddr_in
listen_somewhere(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct sockaddr *any = (struct sockaddr *)&address;
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(bind(listener, any, length) == 0 && listen(listener, 1) == 0 &&
		getsockname(listener, any, &length) == 0,
	    "listening socket");
	return address;
}

static void
prepare_datagram(struct prepared *p)
{
	int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);

	p->datagram = socket(AF_UNIX, SOCK_DGRAM, 0);
	p->receiver.sun_family = AF_UNIX;
	snprintf(p->receiver.sun_path, sizeof(p->receiver.sun_path), "socket");
	must(bind(receiver, (struct sockaddr *)&p->receiver,
		 sizeof(p->receiver)) == 0,
	    "receiving socket");
	p->local = socket(AF_UNIX, SOCK_DGRAM, 0);
	p->connected = socket(AF_UNIX, SOCK_DGRAM, 0);
	must(connect(p->connected, (struct sockaddr *)&p->receiver,
		 sizeof(p->receiver)) == 0,
	    "connected socket");
}

static void
prepare(struct prepared *p)
{
	p->root = open("root", O_RDONLY | O_DIRECTORY);
	p->other = open("other", O_RDONLY | O_DIRECTORY);
	must(p->root >= 0 && p->other >= 0, "directories");
	p->listening = listen_somewhere();
	p->elsewhere = listen_somewhere();
	p->tcp = socket(AF_INET, SOCK_STREAM, 0);
	p->tcp_to_bind = socket(AF_INET, SOCK_STREAM, 0);
	prepare_datagram(p);
	p->page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(p->page != MAP_FAILED, "page");
	p->child = start_child();
	signal(SIGXFSZ, SIG_IGN);
}

static void
must_enter(const struct sandbox_needs *needs, const struct sock_fprog *filter)
{
	bool without_landlock;
	const char *refused = sandbox_enter(needs, filter, &without_landlock);

	if (refused == NULL)
		return;
	printf("%s: %s\n", refused, strerror(errno));
	exit(2);
}

/* As the process that holds the key does it. */
static void
enter_tarpit_tls(bool with_filter)
{
	struct sandbox_needs needs = { .maildir_root = -1,
		.memory = TOO_MUCH / 2 };

	must_enter(&needs, with_filter ? &filter_program : NULL);
}

static void
enter(const char *how, const struct prepared *p)
{
	struct sandbox_needs needs = {
		.maildir_root = p->root,
		.message_size = MESSAGE_SIZE,
		.memory = TOO_MUCH / 2,
		.calls = {
		    .receives_descriptors = strcmp(how, "program") == 0,
		    .auth_socket = strcmp(how, "auth") == 0 ? p->local : 0,
		    .tls_socket = strcmp(how, "tls") == 0 ? p->local : 0,
		},
	};
	struct sock_filter room[SANDBOX_FILTER_MAX];
	struct sock_fprog filter;

	if (strcmp(how, "none") == 0)
		return;
	if (strncmp(how, "tarpit-tls", 10) == 0) {
		enter_tarpit_tls(strcmp(how, "tarpit-tls") == 0);
		return;
	}
	if (strcmp(how, "relay") == 0) {
		needs.next_hop = (const struct sockaddr *)&p->listening;
		needs.calls.next_hop_family = AF_INET;
	}
	filter = sandbox_filter_for(&needs.calls, room);
	must_enter(&needs, strcmp(how, "limits") == 0 ? NULL : &filter);
}

/* No more calls than the sandbox allows: stdio uses others. */
static void
report(int result)
{
	char text[64] = "done\n";

	if (result < 0)
		snprintf(text, sizeof(text), "%s\n", strerror(errno));
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(1);
}

int
main(int argc, char **argv)
{
	struct prepared p = { 0 };

	if (argc != 4)
		return 64;
	must(chdir(argv[3]) == 0, argv[3]);
	if (strcmp(argv[1], "none") != 0)
		sandbox_close_inherited();
	prepare(&p);
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (strcmp(attempts[i].name, argv[2]) != 0)
			continue;
		/* Root may start processes beyond any limit. */
		if (attempts[i].run == start_process && geteuid() == 0)
			must(setuid(65534) == 0, "setuid");
		enter(argv[1], &p);
		report(attempts[i].run(&p));
		_exit(0);
	}
	return 64;
}
