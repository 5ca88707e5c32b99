/*
 * Starts a program for each connection to a local socket, which is its stdin,
 * as tcpserver does for the network. It is nobody's, as the handlers are.
 *
 * Usage: listen PATH PROGRAM [ARGUMENT]...
 * Says "listening".
 */
#include <sys/stat.h>
#include <sys/un.h>

#include "connection.h"
#include <fcntl.h>
#include <signal.h>

#define NOBODY 65534

static int
listen_at(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	size_t length = strlen(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (length >= sizeof(name.sun_path))
		errx(2, "%s: too long", path);
	memcpy(name.sun_path, path, length);
	umask(0);
	if (bind(fd, (const struct sockaddr *)&name, sizeof(name)) == -1 ||
	    listen(fd, SOMAXCONN) == -1)
		err(1, "%s", path);
	return fd;
}

static void
run(int connection, char **command)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	signal(SIGCHLD, SIG_DFL);
	if (dup2(connection, STDIN_FILENO) == -1 ||
	    dup2(null, STDOUT_FILENO) == -1)
		_exit(126);
	execv(command[0], command);
	_exit(127);
}

int
main(int argc, char **argv)
{
	int fd, listener;

	if (argc < 3)
		errx(2, "usage: listen PATH PROGRAM [ARGUMENT]...");
	listener = listen_at(argv[1]);
	if (setgid(NOBODY) == -1 || setuid(NOBODY) == -1)
		err(1, "setuid");
	puts("listening");
	fflush(stdout);
	signal(SIGCHLD, SIG_IGN);
	while ((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) != -1) {
		if (fork() == 0)
			run(fd, argv + 2);
		close(fd);
	}
	err(1, "accept");
}
