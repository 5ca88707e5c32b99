#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "signals.h"

/* The descriptors that go to the handler, as it numbers them. */
enum { MESSAGE, ENVELOPE, COMPLAINT, ENDS };

/* The descriptors of the program: qmail-queue(8), and where its relatives say
 * why they refuse: 4 (with exit code 88) or 6 (82). */
enum {
	PROGRAM_MESSAGE = 0,
	PROGRAM_ENVELOPE = 1,
	PROGRAM_COMPLAINT = 4,
	PROGRAM_COMPLAINT_TOO = 6,
	PROGRAM_HIGHEST = 6
};

/* How long the handler may take to close a pipe behind the last octet. */
#define CLOSE_MSEC 1000

struct pipes {
	int ours[ENDS];
	int theirs[ENDS];
};

static void
close_all(const int fds[ENDS])
{
	for (int i = 0; i < ENDS; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* Its ends must not be among the numbers that the program gets. */
static int
open_pipe(int *reader, int *writer)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	*reader = fcntl(ends[0], F_DUPFD_CLOEXEC, PROGRAM_HIGHEST + 1);
	*writer = fcntl(ends[1], F_DUPFD_CLOEXEC, PROGRAM_HIGHEST + 1);
	close(ends[0]);
	close(ends[1]);
	return *reader < 0 || *writer < 0 ? -1 : 0;
}

static int
open_pipes(struct pipes *p)
{
	for (int i = 0; i < ENDS; i++)
		p->ours[i] = p->theirs[i] = -1;
	if (open_pipe(&p->theirs[MESSAGE], &p->ours[MESSAGE]) == 0 &&
	    open_pipe(&p->theirs[ENVELOPE], &p->ours[ENVELOPE]) == 0 &&
	    open_pipe(&p->ours[COMPLAINT], &p->theirs[COMPLAINT]) == 0)
		return 0;
	close_all(p->ours);
	close_all(p->theirs);
	return -1;
}

static void
become(const char *program, const struct pipes *p)
{
	char *const arguments[] = { (char *)(uintptr_t)program, NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGTERM, SIG_DFL);
	if (dup2(p->theirs[MESSAGE], PROGRAM_MESSAGE) >= 0 &&
	    dup2(p->theirs[ENVELOPE], PROGRAM_ENVELOPE) >= 0 &&
	    dup2(p->theirs[COMPLAINT], PROGRAM_COMPLAINT) >= 0 &&
	    dup2(p->theirs[COMPLAINT], PROGRAM_COMPLAINT_TOO) >= 0)
		execv(program, arguments);
	_exit(120); /* qmail-queue(8): a temporary fault of no other kind */
}

/* One octet, and descriptors with it (unix(7)). */
static int
send_descriptors(int channel, const int fds[ENDS])
{
	char octet = 0;
	struct iovec part = { &octet, 1 };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(ENDS * sizeof(int))];
	} control = { .space = { 0 } };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(ENDS * sizeof(int));
	memcpy(CMSG_DATA(header), fds, ENDS * sizeof(int));
	return sendmsg(channel, &message, MSG_NOSIGNAL) == 1 ? 0 : -1;
}

/* Whether a pipe was written to its end and all of it was read. */
static bool
was_read(int reader)
{
	struct pollfd end = { .fd = reader, .events = 0 };
	int left;

	while (poll(&end, 1, CLOSE_MSEC) < 0 && errno == EINTR)
		continue;
	return (end.revents & POLLHUP) != 0 &&
	    ioctl(reader, FIONREAD, &left) == 0 && left == 0;
}

/* Waits for the program; a handler that is gone ends it. */
static int
await(pid_t child, int channel)
{
	int handle = (int)syscall(SYS_pidfd_open, child, 0);
	struct pollfd either[2] = { { .fd = handle, .events = POLLIN },
		{ .fd = channel, .events = 0 } };
	int status = -1;

	while (handle >= 0 && poll(either, 2, -1) < 0 && errno == EINTR)
		continue;
	if (either[0].revents == 0)
		kill(child, SIGKILL);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	if (handle >= 0)
		close(handle);
	return status;
}

/* Starts one program and tells how it ended. Its ends of the pipes stay open
 * here until then, to see what it left in them. */
static int
serve(int channel, const char *program)
{
	struct pipes p;
	pid_t child;
	int sent, status;

	if (open_pipes(&p) != 0)
		return -1;
	child = fork();
	if (child == 0)
		become(program, &p);
	close(p.theirs[COMPLAINT]);
	sent = child < 0 ? -1 : send_descriptors(channel, p.ours);
	close_all(p.ours);
	if (child < 0)
		return -1;
	status = await(child, channel);
	if (status == 0 &&
	    (!was_read(p.theirs[MESSAGE]) || !was_read(p.theirs[ENVELOPE])))
		status = STARTER_UNREAD;
	close(p.theirs[MESSAGE]);
	close(p.theirs[ENVELOPE]);
	if (sent != 0 ||
	    send(channel, &status, sizeof(status), MSG_NOSIGNAL) !=
		sizeof(status))
		return -1;
	return 0;
}

/* Under inetd, stderr is the client's connection as well. */
static bool
is_same(int a, int b)
{
	struct stat one, other;

	return fstat(a, &one) == 0 && fstat(b, &other) == 0 &&
	    one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/* The starting process: has none of the client's connection, so that the
 * client sees the end when the handler ends, and nothing that the program
 * writes. */
static void
run(int channel, const char *program)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char octet;

	signal(SIGTERM, SIG_IGN);
	/* A launcher may have it ignored; then no status can be waited for. */
	signal(SIGCHLD, SIG_DFL);
	if (null < 0 ||
	    (is_same(STDIN_FILENO, STDERR_FILENO) &&
		dup2(null, STDERR_FILENO) < 0) ||
	    dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		_exit(1);
	while (recv(channel, &octet, 1, 0) == 1)
		if (serve(channel, program) != 0)
			_exit(1);
	_exit(0);
}

int
starter_open(struct starter *s, const char *program)
{
	int ends[2];
	pid_t child;

	s->channel = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		run(ends[1], program);
	}
	close(ends[1]);
	if (child < 0) {
		close(ends[0]);
		return -1;
	}
	s->channel = ends[0];
	return 0;
}

/* Nothing can be told from it any more. */
static int
give_up(struct starter *s)
{
	if (s->channel >= 0)
		close(s->channel);
	s->channel = -1;
	errno = EIO;
	return -1;
}

static int
wait_for_channel(const struct starter *s, struct timespec deadline)
{
	struct pollfd readable = { .fd = s->channel, .events = POLLIN };
	int ready;

	do {
		ready = signals_poll(&readable, 1, deadline);
	} while (ready < 0 && errno == EINTR);
	return ready > 0 ? 0 : -1;
}

static int
receive_descriptors(int channel, int fds[ENDS])
{
	char octet;
	struct iovec part = { &octet, 1 };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(ENDS * sizeof(int))];
	} control;
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *header;

	if (recvmsg(channel, &message, MSG_CMSG_CLOEXEC) != 1)
		return -1;
	header = CMSG_FIRSTHDR(&message);
	if (header == NULL || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len != CMSG_LEN(ENDS * sizeof(int)))
		return -1;
	memcpy(fds, CMSG_DATA(header), ENDS * sizeof(int));
	return 0;
}

int
starter_run(struct starter *s, struct starter_program *program,
    struct timespec deadline)
{
	int fds[ENDS];

	if (s->channel < 0 || send(s->channel, "", 1, MSG_NOSIGNAL) != 1 ||
	    wait_for_channel(s, deadline) != 0 ||
	    receive_descriptors(s->channel, fds) != 0)
		return give_up(s);
	program->message = fds[MESSAGE];
	program->envelope = fds[ENVELOPE];
	program->complaint = fds[COMPLAINT];
	return 0;
}

int
starter_wait(struct starter *s, struct timespec deadline)
{
	int status;

	if (s->channel < 0 || wait_for_channel(s, deadline) != 0 ||
	    recv(s->channel, &status, sizeof(status), 0) != sizeof(status))
		return give_up(s);
	return status;
}
