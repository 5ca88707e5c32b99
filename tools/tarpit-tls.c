/* tarpit-tls(8): TLS for one connection, so that the SMTP process never holds
 * the key. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <syslog.h>
#include <unistd.h>

#include "sandbox.h"
#include "tls/carry.h"
#include "tls/client.h"
#include "tls/context.h"
#include "tls/filter.h"
#include "tls/handshake.h"

#define HANDLER STDIN_FILENO
#define MEMORY_MAX (64 * 1024 * 1024)
#define PATH_SIZE 4096
#define LINE_SIZE 256
#define REASON_MAX 200

static const char usage[] =
    "usage: tarpit-tls [-c certificate -k key]\n"
    "       tarpit-tls --check [-c certificate -k key]\n"
    "       tarpit-tls --version\n";

/* As inetd leaves it: stderr is the handler's connection. */
static bool
stderr_is_handler(void)
{
	struct stat handler, status;

	return fstat(STDERR_FILENO, &status) == -1 ||
	    (fstat(HANDLER, &handler) == 0 && handler.st_dev == status.st_dev &&
		handler.st_ino == status.st_ino);
}

/* What the administrator has to mend. */
__attribute__((format(printf, 1, 2))) static void
complain(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (stderr_is_handler()) {
		openlog("tarpit-tls", LOG_PID, LOG_MAIL);
		vsyslog(LOG_ERR, format, arguments);
	} else {
		fputs("tarpit-tls: ", stderr);
		vfprintf(stderr, format, arguments);
		fputc('\n', stderr);
	}
	va_end(arguments);
}

static bool
join(char path[PATH_SIZE], const char *directory, const char *name)
{
	int length = snprintf(path, PATH_SIZE, "%s/%s", directory, name);

	return length > 0 && length < PATH_SIZE;
}

/* From systemd's LoadCredential=, unless there are options. */
static bool
find_key_pair(struct key_pair *files)
{
	static char certificate[PATH_SIZE], key[PATH_SIZE];
	const char *directory = getenv("CREDENTIALS_DIRECTORY");

	if (files->certificate != NULL && files->key != NULL)
		return true;
	if (files->certificate != NULL || files->key != NULL ||
	    directory == NULL ||
	    !join(certificate, directory, "certificate.pem") ||
	    !join(key, directory, "key.pem"))
		return false;
	*files = (struct key_pair){ certificate, key };
	return true;
}

static SSL_CTX *
load(struct key_pair *files)
{
	struct context_error error;
	SSL_CTX *context;

	if (!find_key_pair(files)) {
		complain("no certificate and key: use LoadCredential= or -c "
			 "and -k");
		return NULL;
	}
	context = context_new(files, &error);
	if (context == NULL)
		complain("%s%s%s", error.file == NULL ? "" : error.file,
		    error.file == NULL ? "" : ": ", error.text);
	return context;
}

/* More than load() does: mail servers mostly do not look at the dates, so that
 * they are no reason to do without TLS. */
static int
check_key_pair(struct key_pair *files)
{
	SSL_CTX *context = load(files);
	const char *reason;

	if (context == NULL)
		return EX_CONFIG;
	reason = context_out_of_date(context);
	SSL_CTX_free(context);
	if (reason == NULL)
		return EX_OK;
	complain("%s: %s", files->certificate, reason);
	return EX_CONFIG;
}

/* The handler waits for it, so the socket has room for a line. */
__attribute__((format(printf, 1, 2))) static bool
say(const char *format, ...)
{
	char line[LINE_SIZE];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	return length > 0 && length < LINE_SIZE &&
	    write(HANDLER, line, (size_t)length) == length;
}

/* The key is to be in no core file, and no debugger's. */
static bool
lock_in(void)
{
	struct sandbox_needs needs = { .maildir_root = -1,
		.memory = MEMORY_MAX };
	const char *refused = "PR_SET_DUMPABLE";
	bool without_landlock;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
		refused = sandbox_enter(&needs, &filter_program,
		    &without_landlock);
	if (refused != NULL)
		complain("%s: %s", refused, strerror(errno));
	return refused == NULL;
}

/* Whatever handler and client do, this ends well. */
static void
serve(SSL *tls)
{
	const char *reason;
	int client, flags = fcntl(HANDLER, F_GETFL);

	if (flags == -1 || !say("ready\r\n"))
		return;
	client = client_receive(HANDLER);
	if (client == -1 || SSL_set_fd(tls, client) != 1 ||
	    fcntl(HANDLER, F_SETFL, flags | O_NONBLOCK) == -1)
		return;
	switch (handshake_do(tls, client, HANDLER, &reason)) {
	case HANDSHAKE_UNWANTED:
		return;
	case HANDSHAKE_FAILED:
		say("failed %.*s\r\n", REASON_MAX, reason);
		return;
	case HANDSHAKE_DONE:
		break;
	}
	if (say("tls %s %s\r\n", SSL_get_version(tls),
		SSL_get_cipher_name(tls)))
		carry(tls, client, HANDLER);
}

static int
run(struct key_pair *files)
{
	SSL_CTX *context;
	SSL *tls;

	if (fcntl(HANDLER, F_GETFD) == -1)
		return EX_NOINPUT;
	sandbox_close_inherited();
	signal(SIGPIPE, SIG_IGN);
	/* When everything is stopped, the handler is as well, and has an answer
	 * to give before it ends. */
	signal(SIGTERM, SIG_IGN);
	context = load(files);
	if (context == NULL)
		return EX_CONFIG;
	tls = SSL_new(context);
	if (tls == NULL)
		return EX_OSERR;
	if (!lock_in())
		return EX_OSERR;
	serve(tls);
	return EX_OK;
}

int
main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "check", no_argument, NULL, 'C' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	struct key_pair files = { 0 };
	bool check = false;
	int letter;

	while ((letter = getopt_long(argc, argv, "c:k:", names, NULL)) != -1)
		switch (letter) {
		case 'c':
			files.certificate = optarg;
			break;
		case 'k':
			files.key = optarg;
			break;
		case 'C':
			check = true;
			break;
		case 'V':
			puts("tarpit-tls " VERSION);
			return EX_OK;
		default:
			fputs(usage, stderr);
			return EX_USAGE;
		}
	if (optind != argc) {
		fputs(usage, stderr);
		return EX_USAGE;
	}
	if (check)
		return check_key_pair(&files);
	return run(&files);
}
