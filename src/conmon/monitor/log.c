/* The log drivers: choosing them, and handing each chunk of output to all of them. */
#include "monitor.h"

static char k8s_buffer[OUT_SIZE], json_buffer[OUT_SIZE];
static struct log_file k8s = {.fd = -1, .out = k8s_buffer, .note = log_k8s_note};
static struct log_file json = {.fd = -1, .out = json_buffer, .note = log_json_note};
static bool journald, passthrough;
static struct timespec moment;

static void parse_path(const char *value);
static bool is(const char *text, size_t length, const char *word);
static void check_labels(void);

void log_parse_paths(void) {
	if (!opt.log_paths.count)
		die("Log driver not provided. Use --log-path");
	for (int i = 0; i < opt.log_paths.count; i++)
		parse_path(opt.log_paths.items[i]);
}

void log_check(void) {
	if (!journald && !json.path && opt.log_tag)
		die("k8s-file doesn't support --log-tag");
	if (!journald && opt.log_labels.count)
		die("k8s-file doesn't support --log-label");
	if (journald && strlen(opt.cid) <= 12)
		die("Container ID must be longer than 12 characters");
	check_labels();
	if (!journald && opt.no_partial_message)
		say(WARN, "--no-container-partial-message has no effect without journald log driver");
}

void log_open(void) {
	if (k8s.path)
		log_file_open(&k8s);
	if (json.path) {
		log_json_open();
		log_file_open(&json);
	}
	if (journald)
		log_journald_open();
}

bool log_is_passthrough(void) {
	return passthrough;
}

void log_tick(void) {
	clock_gettime(CLOCK_REALTIME, &moment);
}

void log_write(enum stream stream, const char *data, size_t size) {
	if (k8s.fd >= 0)
		log_k8s_write(&k8s, stream, data, size);
	if (json.fd >= 0)
		log_json_write(&json, stream, data, size);
	if (journald)
		log_journald_write(stream, data, size);
}

void log_flush(void) {
	if (k8s.fill)
		log_file_flush(&k8s);
	if (json.fill)
		log_file_flush(&json);
}

void log_reopen(void) {
	if (k8s.fd >= 0)
		log_file_start_anew(&k8s);
	if (json.fd >= 0)
		log_file_start_anew(&json);
}

void log_end(void) {
	log_tick();
	if (json.fd >= 0)
		log_json_end(&json);
	if (journald)
		log_journald_end();
	/* With nothing to write there may still be a loss to tell. */
	if (k8s.fd >= 0)
		log_file_flush(&k8s);
	if (json.fd >= 0)
		log_file_flush(&json);
	if (opt.no_sync_log)
		return;
	if (k8s.fd >= 0 && fsync(k8s.fd) < 0)
		say(DEBUG, "Failed to sync %s: %m", k8s.path);
	if (json.fd >= 0 && fsync(json.fd) < 0)
		say(DEBUG, "Failed to sync %s: %m", json.path);
}

/* 2026-01-02T03:04:05.000000006+01:00 */
const char *log_time_local(void) {
	static char text[48];
	static time_t known = -1;
	static char zone[8];
	struct tm parts;

	if (moment.tv_sec != known) {
		localtime_r(&moment.tv_sec, &parts);
		long offset = parts.tm_gmtoff < 0 ? -parts.tm_gmtoff : parts.tm_gmtoff;
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
		snprintf(zone, sizeof zone, "%c%02d:%02d", parts.tm_gmtoff < 0 ? '-' : '+', (int)(offset / 3600 % 100),
			 (int)(offset / 60 % 60));
		known = moment.tv_sec;
	}
	snprintf(text + 19, sizeof text - 19, ".%09ld%s", moment.tv_nsec, zone);
	return text;
}

/* 2026-01-02T03:04:05.000000006Z; zeros at the end of the fraction are left out */
const char *log_time_utc(void) {
	static char text[48];
	struct tm parts;

	gmtime_r(&moment.tv_sec, &parts);
	size_t length = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
	length += snprintf(text + length, sizeof text - length, ".%09ld", moment.tv_nsec);
	while (text[length - 1] == '0')
		length--;
	if (text[length - 1] == '.')
		length--;
	strcpy(text + length, "Z");
	return text;
}

static void parse_path(const char *value) {
	size_t driver = strcspn(value, ":");
	bool colon = value[driver] == ':';
	const char *path = colon ? value + driver + 1 : "";

	if (!driver && !*path)
		die("log-path must not be empty");
	if (is(value, driver, "none") || is(value, driver, "off") || is(value, driver, "null"))
		return;
	if (is(value, driver, "passthrough")) {
		passthrough = true;
	} else if (is(value, driver, "journald")) {
		journald = true;
	} else if (is(value, driver, "json-file") && colon) {
		if (!*path)
			die("json-file requires a filename");
		json.path = path;
	} else if (colon && driver && !is(value, driver, "k8s-file")) {
		die("No such log driver %.*s", (int)driver, value);
	} else {
		/* Callers of conmon know that a path ends at the next colon. */
		char *copy = strdup(colon ? path : value);
		if (!copy)
			die("Out of memory");
		copy[strcspn(copy, ":")] = 0;
		if (!*copy || (!colon && is(value, driver, "k8s-file")))
			die("k8s-file requires a filename");
		k8s.path = copy;
	}
}

static bool is(const char *text, size_t length, const char *word) {
	return strlen(word) == length && !strncmp(text, word, length);
}

static void check_labels(void) {
	for (int i = 0; i < opt.log_labels.count; i++) {
		const char *label = opt.log_labels.items[i], *equals = strchr(label, '=');
		if (!equals || equals == label)
			die("Container labels must be in format LABEL=VALUE (no LABEL present in '%s')", label);
		if (strspn(label, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != (size_t)(equals - label))
			die("Container label names must contain only uppercase letters, numbers and underscore "
			    "(in '%s')", label);
	}
}
