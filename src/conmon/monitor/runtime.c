/* The OCI runtime: its command line and its process. */
#include "monitor.h"

static char oom_score[16];

static const char **build_arguments(void);
static bool replaces_listen_pid(void);

pid_t runtime_start(void) {
	const char **arguments = build_arguments();
	bool listen_pid = replaces_listen_pid();
	pid_t monitor = getpid();
	pid_t pid = fork();

	if (pid < 0)
		die("Failed to fork the runtime: %m");
	if (pid > 0) {
		free(arguments);
		stdio_close_child_ends();
		caller_drop_start();
		caller_drop_preserved();
		return pid;
	}
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != monitor)
		_exit(127);
	oom_score_restore();
	stdio_child();
	if (listen_pid) {
		char number[16];
		snprintf(number, sizeof number, "%d", getpid());
		setenv("LISTEN_PID", number, 1);
	}
	/* The client of an exec, or of a run, attaches before there can be any output. */
	if (!caller_wait_start_again() && opt.run) {
		static const char text[] = "the client has gone before the container was started\n";
		write_all(STDERR_FILENO, text, sizeof text - 1);
		_exit(127);
	}
	loop_restore_signals();
	runtime_exec((char **)arguments);
	dprintf(STDERR_FILENO, "Failed to execute runtime %s: %s\n", opt.runtime, strerror(errno));
	_exit(127);
}

void oom_score_protect(void) {
	int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	ssize_t size = read(fd, oom_score, sizeof oom_score - 1);
	if (size > 0 && write(fd, "-1000", 5) < 0) {
		oom_score[0] = 0;
		say(DEBUG, "Failed to write to oom_score_adj: %m");
	}
	close(fd);
}

void oom_score_restore(void) {
	if (!oom_score[0])
		return;
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	write_all(fd, oom_score, strlen(oom_score));
	close(fd);
}

static const char **build_arguments(void) {
	const char **words = calloc(32 + opt.runtime_args.count + opt.runtime_opts.count, sizeof *words);
	int n = 0;

	if (!words)
		die("Out of memory");
	words[n++] = opt.runtime;
	if (opt.systemd_cgroup && !opt.exec)
		words[n++] = "--systemd-cgroup";
	for (int i = 0; i < opt.runtime_args.count; i++)
		words[n++] = opt.runtime_args.items[i];
	words[n++] = opt.exec ? "exec" : opt.restore ? "restore" : opt.run ? "run" : "create";
	if (opt.run)
		words[n++] = "--detach";
	if (!opt.exec) {
		words[n++] = "--bundle";
		words[n++] = opt.bundle;
	}
	words[n++] = "--pid-file";
	words[n++] = opt.container_pidfile;
	if (opt.exec) {
		words[n++] = "--process";
		words[n++] = opt.exec_spec;
		words[n++] = "--detach";
	} else {
		if (opt.no_pivot)
			words[n++] = "--no-pivot";
		if (opt.no_new_keyring)
			words[n++] = "--no-new-keyring";
	}
	if (opt.restore) {
		words[n++] = "--detach";
		words[n++] = "--image-path";
		words[n++] = opt.restore;
		words[n++] = "--work-path";
		words[n++] = opt.bundle;
	}
	for (int i = 0; i < opt.runtime_opts.count; i++)
		words[n++] = opt.runtime_opts.items[i];
	if (terminal_socket()) {
		words[n++] = "--console-socket";
		words[n++] = terminal_socket();
	}
	words[n++] = opt.cid;
	return words;
}

const char **runtime_exec_arguments(const char *spec, const char *pidfile) {
	const char **words = calloc(9 + opt.runtime_args.count, sizeof *words);
	int n = 0;

	if (!words)
		return NULL;
	words[n++] = opt.runtime;
	for (int i = 0; i < opt.runtime_args.count; i++)
		words[n++] = opt.runtime_args.items[i];
	words[n++] = "exec";
	words[n++] = "--pid-file";
	words[n++] = pidfile;
	words[n++] = "--process";
	words[n++] = spec;
	words[n++] = "--detach";
	words[n++] = opt.cid;
	return words;
}

static bool replaces_listen_pid(void) {
	const char *text = getenv("LISTEN_PID");
	char *end;

	if (!text)
		return false;
	long value = strtol(text, &end, 10);
	if (end == text || *end || value <= 0)
		die("Invalid LISTEN_PID %.10s", text);
	return opt.replace_listen_pid || value == getpid();
}
