/* The command line: conmon's options and our own. */
#include "monitor.h"

struct options opt = {.socket_dir = "/var/run/crio", .log_level = "warning", .log_size_max = -1,
		      .log_global_size_max = -1, .log_max_files = 1,
		      .health_start_interval = -1, .health_retries = 1, .startup_success = 1};

enum kind { FLAG, TEXT, LIST, NUMBER, WIDE };

struct entry {
	const char *name;
	char letter;
	char kind;
	void *target;
	const char *help; /* NULL: hidden */
};

static const struct entry table[] = {
	{"api-version", 0, FLAG, &opt.api_version, "new message keys on the sync pipe"},
	{"bundle", 'b', TEXT, &opt.bundle, "directory of the bundle"},
	{"cid", 'c', TEXT, &opt.cid, "container id"},
	{"conmon-pidfile", 'P', TEXT, &opt.monitor_pidfile, "file for the pid of the monitor"},
	{"container-pidfile", 'p', TEXT, &opt.container_pidfile, "file for the pid of the container"},
	{"cuuid", 'u', TEXT, &opt.cuuid, "container id, or id of the exec session"},
	{"exec", 'e', FLAG, &opt.exec, "run a command in a running container"},
	{"exec-attach", 0, FLAG, &opt.exec_attach, "let a client attach before the command starts"},
	{"exec-process-spec", 0, TEXT, &opt.exec_spec, "process JSON for --exec"},
	{"exit-command", 0, TEXT, &opt.exit_command, "program to run when the container has ended"},
	{"exit-command-arg", 0, LIST, &opt.exit_args, "argument of the exit command, repeatable"},
	{"exit-delay", 0, NUMBER, &opt.exit_delay, "seconds before the exit command"},
	{"exit-dir", 0, TEXT, &opt.exit_dir, "directory for the exit file"},
	{"end-with-caller", 0, FLAG, &opt.end_with_caller,
	 "kill the container when the exit pipe closes (extension)"},
	{"exit-restarts", 0, FLAG, &opt.exit_restarts, "the exit command may ask to be called again (extension)"},
	{"exit-retry", 0, FLAG, &opt.exit_retry, "once more when a signal has killed the exit command (extension)"},
	{"full-attach", 0, FLAG, &opt.full_attach, "attach socket in the bundle, no symlink"},
	{"health-command-arg", 0, LIST, &opt.health_args, "argument of the exit command when the health changes"},
	{"health-events", 0, FLAG, &opt.health_events, "run that command after every check"},
	{"health-interval", 0, NUMBER, &opt.health_interval, "milliseconds between checks, 0: on demand"},
	{"health-log", 0, TEXT, &opt.health_log, "file for state and log of the checks"},
	{"health-log-count", 0, NUMBER, &opt.health_log_count, "checks to keep, 0: all"},
	{"health-log-size", 0, NUMBER, &opt.health_log_size, "bytes of output to keep, 0: all"},
	{"health-retries", 0, NUMBER, &opt.health_retries, "failures that make it unhealthy"},
	{"health-spec", 0, TEXT, &opt.health_spec, "process JSON of the health check (extension)"},
	{"health-start-interval", 0, NUMBER, &opt.health_start_interval, "interval in the start period"},
	{"health-start-period", 0, NUMBER, &opt.health_start_period, "time in which failures do not count"},
	{"health-startup-interval", 0, NUMBER, &opt.startup_interval, "the same for the start-up check"},
	{"health-startup-retries", 0, NUMBER, &opt.startup_retries, "failures that restart it, 0: none"},
	{"health-startup-spec", 0, TEXT, &opt.health_startup_spec, "check that has to succeed first"},
	{"health-startup-success", 0, NUMBER, &opt.startup_success, "successes that it takes"},
	{"health-startup-timeout", 0, NUMBER, &opt.startup_timeout, "the same for the start-up check"},
	{"health-timeout", 0, NUMBER, &opt.health_timeout, "milliseconds that a check may take"},
	{"help", 'h', FLAG, &opt.help, "show this text"},
	{"leave-stdin-open", 0, FLAG, &opt.leave_stdin_open, "a client that goes does not close stdin"},
	{"log-allowlist-dir", 0, LIST, &opt.allow_dirs, "rotate only below this directory, repeatable"},
	{"log-global-size-max", 0, WIDE, &opt.log_global_size_max, "bytes after which output is dropped"},
	{"log-label", 0, LIST, &opt.log_labels, "extra field for journald, K=V, repeatable"},
	{"log-level", 0, TEXT, &opt.log_level, "error, warning, info, debug or trace"},
	{"log-max-files", 0, NUMBER, &opt.log_max_files, "old log files to keep"},
	{"log-path", 'l', LIST, &opt.log_paths,
	 "DRIVER:PATH, repeatable; k8s-file, json-file, journald, passthrough, none"},
	{"log-rotate", 0, FLAG, &opt.log_rotate, "keep old log files instead of truncating"},
	{"log-size-max", 0, WIDE, &opt.log_size_max, "largest log file in bytes"},
	{"log-tag", 0, TEXT, &opt.log_tag, "tag for journald and json-file"},
	{"name", 'n', TEXT, &opt.name, "container name"},
	{"no-container-partial-message", 0, FLAG, &opt.no_partial_message, "journald: no marks on parts"},
	{"no-new-keyring", 0, FLAG, &opt.no_new_keyring, "passed to the runtime"},
	{"no-pivot", 0, FLAG, &opt.no_pivot, "passed to the runtime"},
	{"no-sync-log", 0, FLAG, &opt.no_sync_log, "do not fsync the log at the end"},
	{"persist-dir", '0', TEXT, &opt.persist_dir, "second directory for exit and oom files"},
	{"pidfile", 0, TEXT, &opt.container_pidfile, NULL},
	{"replace-listen-pid", 0, FLAG, &opt.replace_listen_pid, "set LISTEN_PID for the runtime"},
	{"restore", 0, TEXT, &opt.restore, "restore from this checkpoint image"},
	{"restore-arg", 0, LIST, &opt.runtime_opts, NULL},
	{"run", 0, FLAG, &opt.run, "runtime's run instead of create (extension)"},
	{"runtime", 'r', TEXT, &opt.runtime, "path of the OCI runtime"},
	{"runtime-arg", 0, LIST, &opt.runtime_args, "word before the subcommand, repeatable"},
	{"runtime-opt", 0, LIST, &opt.runtime_opts, "word after the subcommand, repeatable"},
	{"sdnotify-ready", 0, TEXT, &opt.sdnotify_ready, "who says it: container, start or healthy"},
	{"sdnotify-socket", 0, TEXT, &opt.sdnotify_socket, "host socket for sd_notify messages"},
	{"seccomp-notify-plugins", 0, TEXT, &opt.seccomp_plugins, NULL},
	{"seccomp-notify-socket", 0, TEXT, &opt.seccomp_socket, NULL},
	{"socket-dir-path", 0, TEXT, &opt.socket_dir, "directory for the symlink to the bundle"},
	{"stdin", 'i', FLAG, &opt.stdin_open, "give the container a stdin"},
	{"sync", 0, FLAG, &opt.sync, "stay a child of the caller"},
	{"syslog", 0, FLAG, &opt.syslog, "messages to syslog as well"},
	{"systemd-cgroup", 's', FLAG, &opt.systemd_cgroup, "passed to the runtime"},
	{"terminal", 't', FLAG, &opt.terminal, "give the container a terminal"},
	{"timeout", 'T', NUMBER, &opt.timeout, "seconds after which the container is killed"},
	{"version", 0, FLAG, &opt.version, "show the version"},
};
#define ENTRIES (sizeof table / sizeof *table)

static void parse_long(const char *word, char **argv, int *at);
static void parse_letters(const char *word, char **argv, int *at);
static void take(const struct entry *entry, const char *shown, const char *value);
static void fail(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void show_help(void) __attribute__((noreturn));

void options_parse(int argc, char **argv) {
	(void)argc;
	/* Words that are no options are ignored: podman passes "--api-version 1". */
	for (int at = 1; argv[at]; at++) {
		if (argv[at][0] != '-' || !argv[at][1])
			continue;
		if (!strcmp(argv[at], "--"))
			break;
		if (argv[at][1] == '-')
			parse_long(argv[at] + 2, argv, &at);
		else
			parse_letters(argv[at] + 1, argv, &at);
	}
	if (opt.help)
		show_help();
	if (opt.version) {
		static const char text[] = "conmon version " VERSION "\ncommit: tspod\n";
		write_all(STDOUT_FILENO, text, sizeof text - 1);
		exit(0);
	}
}

/* NAME, NUL, VALUE, NUL and so on, of options about health; what is nothing of the kind is left out. The text has to stay. */
void options_take_health(const char *text, const char *end) {
	opt.health_spec = opt.health_startup_spec = NULL;
	opt.health_events = false;
	opt.health_start_interval = -1;
	opt.health_args.count = 0;
	while (text < end) {
		const char *name = text, *value = name + strlen(name) + 1;
		if (value >= end)
			return;
		text = value + strlen(value) + 1;
		for (size_t i = 0; i < ENTRIES; i++) {
			const struct entry *entry = &table[i];
			bool fits = entry->kind != NUMBER || (*value && !value[strspn(value, "0123456789")] && strlen(value) < 11);
			if (!strncmp(name, "health-", 7) && !strcmp(entry->name, name) && fits)
				take(entry, name, value);
		}
	}
}

static void parse_long(const char *word, char **argv, int *at) {
	size_t length = strcspn(word, "=");
	const char *value = word[length] ? word + length + 1 : NULL;

	for (size_t i = 0; i < ENTRIES; i++) {
		const struct entry *entry = &table[i];
		if (strlen(entry->name) != length || strncmp(entry->name, word, length))
			continue;
		if (entry->kind != FLAG && !value) {
			value = argv[*at + 1];
			if (!value)
				fail("Missing argument for --%s", entry->name);
			++*at;
		}
		take(entry, entry->name, value);
		return;
	}
	fail("Unknown option --%s", word);
}

static void parse_letters(const char *word, char **argv, int *at) {
	for (; *word; word++) {
		const struct entry *entry = table;
		char shown[2] = {*word, 0};
		while (entry < table + ENTRIES && entry->letter != *word)
			entry++;
		if (entry == table + ENTRIES)
			fail("Unknown option -%s", shown);
		if (entry->kind == FLAG) {
			take(entry, shown, NULL);
			continue;
		}
		if (word[1] || !argv[*at + 1])
			fail("Missing argument for -%s", shown);
		take(entry, shown, argv[++*at]);
	}
}

static void take(const struct entry *entry, const char *shown, const char *value) {
	if (entry->kind == FLAG) {
		*(bool *)entry->target = !value || (strcmp(value, "0") && strcmp(value, "false"));
	} else if (entry->kind == TEXT) {
		*(const char **)entry->target = value;
	} else if (entry->kind == LIST) {
		struct list *list = entry->target;
		list->items = realloc(list->items, (list->count + 2) * sizeof *list->items);
		if (!list->items)
			fail("out of memory at --%s", shown);
		list->items[list->count++] = value;
		list->items[list->count] = NULL;
	} else {
		char *end;
		errno = 0;
		long long number = strtoll(value, &end, 0);
		if (end == value || *end)
			fail("Cannot parse integer value '%s' for --%s", value, shown);
		if (errno == ERANGE || (entry->kind == NUMBER && number != (int)number))
			fail("Integer value '%s' for --%s out of range", value, shown);
		*(int64_t *)entry->target = number;
	}
}

static void fail(const char *format, ...) {
	va_list arguments;

	dprintf(STDERR_FILENO, "conmon: option parsing failed: ");
	va_start(arguments, format);
	vdprintf(STDERR_FILENO, format, arguments);
	va_end(arguments);
	dprintf(STDERR_FILENO, "\n");
	exit(1);
}

static void show_help(void) {
	dprintf(STDOUT_FILENO, "Usage:\n  conmon [OPTION...]\n\nOptions:\n");
	for (size_t i = 0; i < ENTRIES; i++) {
		char letter[] = {'-', table[i].letter, ',', 0};
		if (table[i].help)
			dprintf(STDOUT_FILENO, "  %3s --%-30s %s\n", table[i].letter ? letter : "", table[i].name,
				table[i].help);
	}
	exit(0);
}
