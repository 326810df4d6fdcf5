/* Checks on the options, in the order that callers know, before anything is forked. */
#include "monitor.h"

static int parse_level(const char *text);

void options_check(void) {
	messages_open(WARN, opt.syslog);
	if (opt.log_max_files < 0 || (opt.log_rotate && opt.log_max_files == 0))
		die("Invalid value for log-max-files: %lld", (long long)opt.log_max_files);
	if (!opt.cid)
		die("Container ID not provided. Use --cid");
	int level = parse_level(opt.log_level);
	if (level < 0)
		die("No such log level %s", opt.log_level);
	messages_open(level, opt.syslog);
	if (opt.restore && opt.exec)
		die("Cannot use 'exec' and 'restore' at the same time");
	if (opt.run && (opt.restore || opt.exec))
		die("Cannot use 'run' together with 'exec' or 'restore'");
	if (opt.exec_attach && !opt.exec)
		die("Attach can only be specified with exec");
	if (opt.exec_attach && !opt.api_version)
		die("Attach can only be specified for a non-legacy exec session");
	if (!opt.cuuid && (!opt.exec || opt.api_version))
		die("Container UUID not provided. Use --cuuid");
	if (!opt.runtime)
		die("Runtime path not provided. Use --runtime");
	if (access(opt.runtime, X_OK) < 0)
		die("Runtime path %s is not valid", opt.runtime);
	if (opt.exec && !opt.exec_spec)
		die("Exec process spec path not provided. Use --exec-process-spec");
	if (opt.exit_delay < 0)
		die("Delay before invoking exit command must be greater than or equal to 0");
	if (opt.seccomp_socket || opt.seccomp_plugins)
		die("seccomp notify is not supported");
	log_parse_paths();
	log_check();

	char *here = get_current_dir_name();
	if (!here && (!opt.container_pidfile || !opt.bundle))
		die("Failed to get working directory");
	if (!opt.bundle && !opt.exec)
		opt.bundle = here;
	if (!opt.container_pidfile)
		opt.container_pidfile = join(here, "/pidfile-", opt.cid);
}

static int parse_level(const char *text) {
	static const struct {
		const char *name;
		int level;
	} known[] = {{"error", ERROR}, {"fatal", ERROR}, {"panic", ERROR}, {"warn", WARN},
		     {"warning", WARN}, {"info", INFO}, {"debug", DEBUG}, {"trace", DEBUG}};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcasecmp(text, known[i].name))
			return known[i].level;
	return -1;
}
