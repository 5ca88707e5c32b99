#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "delivery.h"
#include "setting.h"
#include "text.h"

/* More is certainly a slip. */
#define COUNT_MAX 1000000
#define RECIPIENTS_MAX 10000
#define TIMEOUT_MAX 86400
#define RELAY_TIMEOUT_MAX 600
#define DATA_BYTES_MAX (UINT64_C(1) << 40)
/* RFC 5321, 4.5.3.1.8: a server takes at least so many. */
#define RECIPIENTS_MIN 100

#define RANGES_EXPECTED                                                     \
	"must be addresses and CIDR ranges, such as 192.0.2.0/24, without " \
	"bits behind the prefix"

#define FIELD(name) offsetof(struct config, name)

static const struct setting settings[] = {
	{ "TARPITDELAY", "5", &setting_time, FIELD(tarpit_delay), 0,
	    CONFIG_DELAY_MAX,
	    "must be seconds, such as 5 or 0.25, or hh:mm:ss; at most 600" },
	{ "TARPITCOUNT", "0", &setting_number, FIELD(tarpit_count), 0,
	    COUNT_MAX, "must be a number from 0 to 1000000" },
	{ "SMTPD_RECIPIENTS", CONFIG_DIR "/recipients.cdb", &setting_path,
	    FIELD(recipients), 0, 0, "must be the path of a file" },
	{ "SMTPD_DELIVERY", "maildir:" STATE_DIR "/mail/%d/%l",
	    &setting_delivery, FIELD(delivery), 0, 0, NULL },
	{ "SMTPD_HOSTNAME", "localhost", &setting_hostname, FIELD(hostname), 0,
	    0, "must be a domain name or an address literal" },
	{ "SMTPD_EXEMPT", "", &setting_ranges, FIELD(exempt), 0, 0,
	    RANGES_EXPECTED },
	{ "RELAYCLIENT", NULL, &setting_suffix, FIELD(relay_client), 0, 0,
	    "must be empty or what is appended to each recipient" },
	{ "DATABYTES", "26214400", &setting_number, FIELD(data_bytes), 0,
	    DATA_BYTES_MAX,
	    "must be a number of octets up to 1099511627776; 0 is no limit" },
	{ "MAXRCPT", "100", &setting_number, FIELD(max_recipients),
	    RECIPIENTS_MIN, RECIPIENTS_MAX,
	    "must be a number from 100 (RFC 5321) to 10000" },
	{ "SMTPD_MAX_ERRORS", "20", &setting_number, FIELD(max_errors), 1,
	    COUNT_MAX, "must be a number from 1 to 1000000" },
	{ "SMTPD_TIMEOUT", "300", &setting_time, FIELD(timeout), 1, TIMEOUT_MAX,
	    "must be seconds or hh:mm:ss, from 1 to 86400" },
	{ "SMTPD_SESSION_TIMEOUT", "3600", &setting_time,
	    FIELD(session_timeout), 1, TIMEOUT_MAX,
	    "must be seconds or hh:mm:ss, from 1 to 86400" },
	{ "SMTPD_SUBADDRESS", "+", &setting_punctuation, FIELD(subaddress), 0,
	    0, "must be punctuation, such as + or +-, but not @" },
	{ "SMTPD_RELAY_TIMEOUT", "120", &setting_time, FIELD(relay_timeout), 1,
	    RELAY_TIMEOUT_MAX, "must be seconds or hh:mm:ss, from 1 to 600" },
	{ "SMTPD_XCLIENT", "no", &setting_switch, FIELD(xclient), 0, 0,
	    "must be yes or no" },
	{ "QMAILQUEUE", NULL, &setting_program, FIELD(queue_program), 0, 0,
	    NULL },
	{ "SMTPD_TLS_SOCKET", RUN_DIR "/tls", &setting_socket,
	    FIELD(tls_socket), 0, 0,
	    "must be empty or the path of a local socket" },
	{ "SMTPD_TLS_PORTS", "465", &setting_ports, FIELD(tls_ports), 0, 0,
	    "must be port numbers, such as 465 or 465,4650" },
	{ "SMTPD_AUTH_SOCKET", "", &setting_socket, FIELD(auth_socket), 0, 0,
	    "must be empty or the path of a local socket" },
	{ "SMTPD_AUTH_PLAINTEXT", "no", &setting_switch, FIELD(auth_plaintext),
	    0, 0, "must be yes or no" },
	{ "SMTPD_REQUIRE_AUTH", "no", &setting_switch, FIELD(require_auth), 0,
	    0, "must be yes or no" },
	{ "SMTPD_RELAY_AUTHENTICATED", "no", &setting_switch,
	    FIELD(relay_authenticated), 0, 0, "must be yes or no" },
	{ "SMTPD_PROXY", "no", &setting_switch, FIELD(proxy), 0, 0,
	    "must be yes or no" },
	{ "SMTPD_PROXY_FROM", "", &setting_ranges, FIELD(proxy_from), 0, 0,
	    RANGES_EXPECTED },
	{ "SMTPD_SECCOMP", "yes", &setting_switch, FIELD(seccomp), 0, 0,
	    "must be yes or no" },
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

_Static_assert(SETTINGS <= 32, "from_environment has a bit for each setting");

static void *
field_of(struct config *config, const struct setting *setting)
{
	return (char *)config + setting->offset;
}

static const void *
const_field_of(const struct config *config, const struct setting *setting)
{
	return (const char *)config + setting->offset;
}

static void
load_default(struct config *config, const struct setting *setting)
{
	size_t position;

	if (setting->standard != NULL)
		setting->kind->parse(setting, setting->standard,
		    field_of(config, setting), &position);
}

/* Puts the machine's name in place of the default, if it can stand there. */
static void
use_machine_name(struct config *config, const struct setting *setting)
{
	char name[CONFIG_HOSTNAME_MAX + 1];
	size_t position;

	if (gethostname(name, sizeof(name)) == -1)
		return;
	name[sizeof(name) - 1] = '\0';
	setting->kind->parse(setting, name, field_of(config, setting),
	    &position);
}

/* Two settings together name the program of the qmail-queue hand-off; without
 * either it is the standard one, which must be there then. */
static bool
check_program(const struct config *config, struct config_error *error)
{
	error->value = delivery_program(config->delivery,
	    config->queue_program);
	error->reason = error->value == NULL
	    ? NULL
	    : deliver_queue_check(error->value);
	return error->reason == NULL;
}

/* Without a list, nobody at all could connect. */
static bool
check_proxy(const struct config *config, struct config_error *error)
{
	error->value = config->proxy_from.list;
	error->reason = config->proxy && config->proxy_from.entries == 0
	    ? "must have the proxies, as SMTPD_PROXY is yes"
	    : NULL;
	return error->reason == NULL;
}

/* Without the service, nobody at all could send. */
static bool
check_auth(const struct config *config, struct config_error *error)
{
	error->value = config->auth_socket;
	error->reason = config->require_auth && config->auth_socket[0] == '\0'
	    ? "must be set, as SMTPD_REQUIRE_AUTH is yes"
	    : NULL;
	return error->reason == NULL;
}

/* What settings that are good must have together. */
static size_t
check_together(const struct config *config, struct config_error *errors,
    size_t max)
{
	struct config_error no_program = { .name = "SMTPD_DELIVERY" };
	struct config_error no_proxy = { .name = "SMTPD_PROXY_FROM" };
	struct config_error no_auth = { .name = "SMTPD_AUTH_SOCKET" };
	size_t count = 0;

	if (!check_program(config, &no_program) && count++ < max)
		errors[count - 1] = no_program;
	if (!check_proxy(config, &no_proxy) && count++ < max)
		errors[count - 1] = no_proxy;
	if (!check_auth(config, &no_auth) && count++ < max)
		errors[count - 1] = no_auth;
	return count;
}

size_t
config_load(struct config *config, const struct ip_address *peer,
    struct config_error *errors, size_t max)
{
	size_t count = 0;

	config->from_environment = 0;
	config->exempt.asked = config->proxy_from.asked = *peer;
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *setting = &settings[i];
		struct config_error error = { .name = setting->name,
			.value = getenv(setting->name) };

		if (error.value != NULL) {
			error.reason = setting->kind->parse(setting,
			    error.value, field_of(config, setting),
			    &error.position);
			if (error.reason == NULL) {
				config->from_environment |= 1U << i;
				continue;
			}
			if (count++ < max)
				errors[count - 1] = error;
		}
		load_default(config, setting);
		if (setting->kind == &setting_hostname)
			use_machine_name(config, setting);
	}
	return count == 0 ? check_together(config, errors, max) : count;
}

void
config_show(const struct config *config, FILE *out)
{
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *setting = &settings[i];
		bool given = config->from_environment >> i & 1;

		fputs(setting->name, out);
		if (!given && setting->standard == NULL) {
			fputs(" # unset\n", out);
			continue;
		}
		putc('=', out);
		setting->kind->show(const_field_of(config, setting), out);
		fputs(given ? " # environment\n" : " # default\n", out);
	}
}

void
config_print_error(const struct config_error *error, FILE *out)
{
	fputs(error->name, out);
	fputs(": value \"", out);
	setting_print_escaped(error->value, out);
	fputs("\"", out);
	if (error->position != 0) {
		char buffer[40];
		struct text position = TEXT_IN(buffer);

		text_put(&position, " at position ");
		text_put_number(&position, error->position);
		setting_print(&position, out);
	}
	fputs(": ", out);
	fputs(error->reason, out);
	putc('\n', out);
}
