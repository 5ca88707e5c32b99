# Prints connectors for tarpit-connectors(8): as JSON with format=json, else as a
# table. The input is for each one a line "connector NAME", then in any order
#	socket PROPERTY=VALUE	as systemctl show prints them
#	setting NAME=VALUE # ...	as tarpit-smtpd --show-config prints them
#	error TEXT		what the handler, or systemd, has to say
#	tls			the socket of tarpit-tls is there
#	auth			that of the authentication service is
# The exit status is 78 if one of them cannot serve.

BEGIN {
	if (format == "json")
		print "["
	else
		row("NAME\tENABLED\tSTATE\tADDRESS\tTLS\tDELAY\t" \
		    "EXEMPT\tAUTH\tHAND-OFF")
}

{ text = substr($0, length($1) + 2) }
$1 == "connector" { finish(); name = text }
$1 == "socket" { read_property(text) }
$1 == "setting" { read_setting(text) }
$1 == "error" { read_error(text) }
$1 == "tls" { tls = 1 }
$1 == "auth" { auth = 1 }

END {
	finish()
	if (format == "json")
		print (any ? "\n" : "") "]"
	else
		print_table()
	exit status
}

function read_property(line)
{
	if (sub(/^Listen=/, "", line)) {
		sub(/ \([A-Za-z]+\)$/, "", line)
		addresses[++address_count] = line
	} else if (sub(/^UnitFileState=/, "", line))
		enabled = line ~ /^enabled/
	else if (sub(/^ActiveState=/, "", line))
		state = line
}

# What is unset has no value and is left out.
function read_setting(line, end)
{
	if (!sub(/ # (environment|default)$/, "", line))
		return
	end = index(line, "=")
	setting_names[++setting_count] = substr(line, 1, end - 1)
	settings[setting_names[setting_count]] = unescaped(substr(line, end + 1))
}

# A note is no error.
function read_error(line)
{
	messages[++message_count] = line
	if (line !~ /^note: /) {
		unusable = 1
		status = 78
	}
}

# The octets of a value, which is shown with \", \\ and \xHH in it.
function unescaped(text, octets)
{
	while (match(text, /\\(x[0-9a-f][0-9a-f]|["\\])/)) {
		octets = octets substr(text, 1, RSTART - 1)
		if (RLENGTH == 2)
			octets = octets substr(text, RSTART + 1, 1)
		else
			octets = octets octet(substr(text, RSTART + 2, 2))
		text = substr(text, RSTART + RLENGTH)
	}
	return octets text
}

function octet(hex, digits)
{
	digits = "0123456789abcdef"
	return sprintf("%c", 16 * (index(digits, substr(hex, 1, 1)) - 1) + \
	    index(digits, substr(hex, 2, 1)) - 1)
}

# One connector is complete.
function finish()
{
	if (name == "")
		return
	exempt_count = split(settings["SMTPD_EXEMPT"], exempt, /[ ,]+/)
	if (format == "json")
		print_json()
	else
		add_rows()
	name = state = ""
	enabled = unusable = tls = auth = 0
	address_count = setting_count = message_count = 0
	split("", settings)
	any = 1
}

# Whether a list of ports, between commas or spaces, has the port of an address.
function begins_with_tls(address, ports, count, i)
{
	sub(/.*:/, "", address)
	count = split(settings["SMTPD_TLS_PORTS"], ports, /[ ,]+/)
	for (i = 1; i <= count; i++)
		if (ports[i] == address)
			return 1
	return 0
}

function tls_of(address)
{
	if (begins_with_tls(address))
		return tls ? "implicit" : "unavailable"
	return tls ? "starttls" : "no"
}

# Authentication needs a service that knows the passwords, and TLS.
function auth_state(wanted, required)
{
	wanted = settings["SMTPD_AUTH_SOCKET"] != ""
	required = settings["SMTPD_REQUIRE_AUTH"] == "yes"
	if (!wanted && !required)
		return "no"
	if (!auth || !tls && settings["SMTPD_AUTH_PLAINTEXT"] != "yes")
		return "unavailable"
	return required ? "required" : "offered"
}

# The table, with one word in each cell.

# Usage: row(CELL TAB CELL ...)
function row(line, cells, count, i)
{
	rows++
	count = split(line, cells, /\t/)
	for (i = 1; i <= count; i++) {
		cell[rows, i] = cells[i]
		if (length(cells[i]) > width[i])
			width[i] = length(cells[i])
	}
}

function add_rows(first, i)
{
	first = name "\t" (enabled ? "yes" : "no") "\t" state
	if (address_count == 0)
		addresses[++address_count] = "-"
	for (i = 1; i <= address_count; i++)
		row((i == 1 ? first : "\t\t") "\t" addresses[i] "\t" \
		    (unusable ? "-" : tls_of(addresses[i])) \
		    (i == 1 ? "\t" effects() : ""))
	for (i = 1; i <= message_count; i++)
		notes = notes name ": " messages[i] "\n"
}

function effects()
{
	if (unusable)
		return "-\t-\t-\tmisconfigured"
	return settings["TARPITDELAY"] "\t" exempt_cell() "\t" auth_state() \
	    "\t" word(settings["SMTPD_DELIVERY"])
}

function word(text)
{
	gsub(/[^!-~]/, "?", text)
	return text
}

function exempt_cell()
{
	if ("RELAYCLIENT" in settings)
		return "all"
	if (exempt_count == 0)
		return "-"
	return exempt[1] (exempt_count > 1 ? "+" exempt_count - 1 : "")
}

function print_table(i, j, line)
{
	for (i = 1; i <= rows; i++) {
		line = ""
		for (j = 1; j <= 9; j++)
			line = line sprintf("%-" (width[j] + 2) "s", cell[i, j])
		sub(/ +$/, "", line)
		print line
	}
	printf "%s", notes
}

# JSON (RFC 8259).

function print_json(i)
{
	printf "%s  {\n    \"name\": %s,\n", (any ? ",\n" : ""), json(name)
	printf "    \"enabled\": %s,\n", truth(enabled)
	printf "    \"state\": %s,\n    \"listen\": [", json(state)
	for (i = 1; i <= address_count; i++)
		printf "%s{\"address\": %s, \"tls\": %s}", (i > 1 ? ", " : ""), \
		    json(addresses[i]), json(tls_of(addresses[i]))
	printf "],\n    \"usable\": %s,\n    \"messages\": ", truth(!unusable)
	print_list(messages, message_count)
	if (setting_count > 0)
		print_effects()
	print ",\n    \"settings\": {"
	for (i = 1; i <= setting_count; i++)
		printf "      %s: %s%s\n", json(setting_names[i]), \
		    json(settings[setting_names[i]]), \
		    (i < setting_count ? "," : "")
	printf "    }\n  }"
}

function print_effects()
{
	printf ",\n    \"delay\": %s", settings["TARPITDELAY"]
	printf ",\n    \"exempt\": "
	print_list(exempt, exempt_count)
	printf ",\n    \"all_exempt\": %s", truth("RELAYCLIENT" in settings)
	printf ",\n    \"auth\": %s", json(auth_state())
	printf ",\n    \"delivery\": %s", json(settings["SMTPD_DELIVERY"])
}

function print_list(list, count, i)
{
	printf "["
	for (i = 1; i <= count; i++)
		printf "%s%s", (i > 1 ? ", " : ""), json(list[i])
	printf "]"
}

function truth(value)
{
	return value ? "true" : "false"
}

# A string: what is not UTF-8 (RFC 3629) becomes U+FFFD, the replacement
# character.
function json(text, quoted, c, n)
{
	for (; text != ""; text = substr(text, n + 1)) {
		n = 1
		c = substr(text, 1, 1)
		if (c == "\"" || c == "\\")
			quoted = quoted "\\" c
		else if (c >= " " && c < "\177")
			quoted = quoted c
		else if (c <= "\177")
			quoted = quoted sprintf("\\u%04x", code(c))
		else if ((n = utf8_length(text)) > 0)
			quoted = quoted substr(text, 1, n)
		else {
			n = 1
			quoted = quoted "\\ufffd"
		}
	}
	return "\"" quoted "\""
}

function code(c, i)
{
	for (i = 1; i < 127; i++)
		if (sprintf("%c", i) == c)
			return i
	return 127
}

# How many octets the character has with which the text begins; 0 if it is none.
function utf8_length(text)
{
	if (text ~ /^[\302-\337][\200-\277]/)
		return 2
	if (text ~ /^(\340[\240-\277]|[\341-\354\356\357][\200-\277]|\355[\200-\237])[\200-\277]/)
		return 3
	if (text ~ /^(\360[\220-\277]|[\361-\363][\200-\277]|\364[\200-\217])[\200-\277][\200-\277]/)
		return 4
	return 0
}
