#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "delivery.h"
#include "log.h"
#include "peer.h"
#include "proxy.h"
#include "recipients.h"
#include "sandbox.h"
#include "sandbox_filter.h"
#include "session.h"
#include "signals.h"
#include "stream.h"

#define ERRORS_MAX 32
#define MEMORY_MAX (16 * 1024 * 1024)

static const char usage[] =
    "usage: tarpit-smtpd\n"
    "       tarpit-smtpd --check-config | --show-config | --version\n";

/* All that there is of one connection. */
static struct {
	struct config config;
	struct config_error errors[ERRORS_MAX];
	struct log log;
	struct peer peer;
	struct recipients recipients;
	struct delivery delivery;
	struct stream stream;
	struct session session;
} c;

/* What this process cannot find out, but the service will need. */
static void
advise(void)
{
	const char *program = delivery_program(c.config.delivery,
	    c.config.queue_program);

	if (program != NULL && deliver_queue_has_rights(program))
		fprintf(stderr,
		    "note: %s is setuid or setgid: the service "
		    "needs NoNewPrivileges=no\n",
		    program);
	if (c.config.relay_authenticated &&
	    !delivery_is_relay(c.config.delivery))
		fputs("note: SMTPD_RELAY_AUTHENTICATED has no effect: Maildirs "
		      "are for recipients of ours\n",
		    stderr);
}

static int
check_config(void)
{
	size_t count = config_load(&c.config, &c.peer.address, c.errors,
	    ERRORS_MAX);

	for (size_t i = 0; i < count && i < ERRORS_MAX; i++)
		config_print_error(&c.errors[i], stderr);
	if (count == 0)
		advise();
	return count == 0 ? EX_OK : EX_CONFIG;
}

static int
show_config(void)
{
	int status = check_config();

	config_show(&c.config, stdout);
	sandbox_show(c.config.seccomp, stdout);
	return fflush(stdout) == 0 ? status : EX_IOERR;
}

static void
log_config_error(const struct config_error *error)
{
	struct log_record record;

	log_begin(&record, LOG_CONFIGURATION, "configuration");
	log_put(&record, "SETTING", span_of(error->name));
	log_put(&record, "VALUE", span_of(error->value));
	if (error->position != 0)
		log_put_number(&record, "POSITION", error->position);
	log_put(&record, "REASON", span_of(error->reason));
	log_send(&c.log, &record);
}

/* 421, as the session has not begun (RFC 5321, 3.8); nothing where it is to
 * begin with TLS. */
static void
turn_away(const struct reply *reply)
{
	if (c.session.tls.at_once)
		return;
	c.session.deadline = clock_add(clock_now(), c.config.timeout);
	session_send(&c.session, reply);
	stream_flush(&c.stream, session_wait_deadline(&c.session));
}

static int
refuse_service(size_t count)
{
	for (size_t i = 0; i < count && i < ERRORS_MAX; i++)
		log_config_error(&c.errors[i]);
	turn_away(&reply_bad_configuration);
	return EX_CONFIG;
}

static int
enter_sandbox(void)
{
	struct sandbox_needs needs = {
		.maildir_root = -1,
		.message_size = c.config.data_bytes,
		.memory = MEMORY_MAX,
	};
	struct sock_filter room[SANDBOX_FILTER_MAX];
	struct sock_fprog filter;
	bool without_landlock = false;
	const char *refused;

	delivery_use(&c.delivery, &needs);
	auth_service_use(&c.session.auth.service, &needs);
	tls_use(&c.session.tls, &needs);
	filter = sandbox_filter_for(&needs.calls, room);
	refused = sandbox_enter(&needs, c.config.seccomp ? &filter : NULL,
	    &without_landlock);
	if (refused != NULL) {
		log_fault(&c.log, refused, errno);
		turn_away(&reply_unavailable);
		return -1;
	}
	if (without_landlock)
		log_fault(&c.log, "the kernel has no Landlock", 0);
	return 0;
}

/* All but what the starter has TLS on. */
static void
close_inherited(void)
{
	const int kept[] = { c.config.tls_control_fd, c.config.tls_input_fd,
		c.config.tls_output_fd };

	sandbox_close_inherited_but(kept, sizeof(kept) / sizeof(kept[0]));
}

/* Who is connected, and where records of it go. */
static void
identify(void)
{
	log_open(&c.log, c.config.journal_stream);
	peer_identify(&c.peer, c.config.remote_address, c.config.remote_port,
	    STDIN_FILENO);
	c.log.peer = &c.peer;
}

static void
set_up_session(void)
{
	stream_open(&c.stream, STDIN_FILENO, STDOUT_FILENO);
	tls_prepare(&c.session.tls, &c.config, &c.stream);
	c.session.config = &c.config;
	c.session.peer = &c.peer;
	c.session.log = &c.log;
	c.session.recipients = &c.recipients;
	c.session.delivery = &c.delivery;
	c.session.stream = &c.stream;
}

/* All that cannot be had in the sandbox any more. */
static void
open_resources(void)
{
	recipients_open(&c.recipients, c.config.recipients,
	    c.config.subaddress);
	delivery_start(&c.delivery,
	    &(struct delivery_setup){ .target = c.config.delivery,
		.hostname = c.config.hostname,
		.peer = &c.peer,
		.relay_timeout = c.config.relay_timeout,
		.xclient = c.config.xclient,
		.queue_program = c.config.queue_program,
		.log = &c.log });
	auth_service_start(&c.session.auth.service, c.config.auth_socket);
}

static int
serve(void)
{
	size_t count;

	/* What is opened next would be taken for the connection. */
	if (fcntl(STDIN_FILENO, F_GETFD) == -1 ||
	    fcntl(STDOUT_FILENO, F_GETFD) == -1)
		return EX_NOINPUT;
	signals_install();
	config_load_starter(&c.config);
	close_inherited();
	identify();
	count = config_load(&c.config, &c.peer.address, c.errors, ERRORS_MAX);
	set_up_session();
	if (count > 0)
		return refuse_service(count);
	if (c.config.proxy &&
	    !proxy_is_allowed(&c.config.proxy_from, &c.peer, &c.stream, &c.log))
		return EX_OK;
	if (c.config.proxy)
		config_forget_peer();
	open_resources();
	if (enter_sandbox() != 0)
		return EX_OSERR;
	if (c.config.proxy &&
	    !proxy_receive(&c.peer, &c.stream, c.config.timeout, &c.log))
		return EX_OK;
	session_run(&c.session);
	return EX_OK;
}

int
main(int argc, char **argv)
{
	if (argc == 1)
		return serve();
	if (argc == 2 && strcmp(argv[1], "--check-config") == 0)
		return check_config();
	if (argc == 2 && strcmp(argv[1], "--show-config") == 0)
		return show_config();
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("tarpit-smtpd " VERSION);
		return EX_OK;
	}
	fputs(usage, stderr);
	return EX_USAGE;
}
