/* tspod-monitor: the parent of one container. The order of the steps is part of the contract with the caller. */
#include "monitor.h"

#define KILL_WAIT 5000

static bool timed_out, gave_up;

static void leave(int signal);
static void go_to_background(void);
static void wait_for_runtime(void);
static void report_failure(const char *fallback) __attribute__((noreturn));
static pid_t read_container_pid(void);
static void kill_container(void);
static void end_container(void);
static void give_up(void);

int main(int argc, char **argv) {
	int status;

	if (argc > 0 && called_as_pause(argv[0]))
		pause_until_told();
	options_parse(argc, argv);
	options_check();
	umask(022);
	log_open();
	oom_score_protect();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, leave);
	caller_wait_start(); /* the caller moves us into a cgroup here: no fork before */
	if (!opt.sync)
		go_to_background();
	caller_open();
	if (!log_is_passthrough())
		streams_to_null();
	setsid();
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die("Failed to become a subreaper: %m");
	loop_init();
	notify_open();
	stdio_open();
	terminal_open();
	if (opt.bundle && !log_is_passthrough()) {
		attach_open();
		control_open();
	}
	caller_attach_ready();
	unlink(opt.container_pidfile); /* an old one would pass for the runtime's answer */
	reaper_watch_runtime(runtime_start());
	if (log_is_passthrough())
		streams_to_null();
	exit_arm();

	wait_for_runtime();
	pid_t pid = read_container_pid();
	reaper_watch_container(pid);
	if (!opt.exec || opt.api_version)
		caller_report(pid, NULL);
	oom_watch(pid);
	stdio_start();
	if (opt.run)
		container_started();
	if (opt.end_with_caller)
		caller_watch(end_container);
	if (opt.timeout > 0)
		loop_after((int)(opt.timeout > 2000000 ? 2000000000 : opt.timeout * 1000), kill_container);
	while (!container_done(&status) && !gave_up)
		loop_step();
	monitor_finish(timed_out ? -1 : WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), timed_out);
}

void container_started(void) {
	notify_started();
	health_begin();
}

static void leave(int signal) {
	(void)signal;
	_exit(1);
}

static void go_to_background(void) {
	pid_t pid = fork();

	if (pid < 0)
		die("Failed to fork: %m");
	if (pid == 0)
		return;
	if (opt.monitor_pidfile) {
		char number[16];
		snprintf(number, sizeof number, "%d", pid);
		if (!write_file_atomically("", opt.monitor_pidfile, number))
			_exit(1);
	}
	_exit(0);
}

static void wait_for_runtime(void) {
	int status;

	while (!runtime_done(&status))
		loop_step();
	terminal_unlink();
	/* Of an exec only the missing pid file tells for certain: the runtime may pass a status of the command on. */
	if (!opt.exec && status != 0)
		report_failure("the runtime failed without a message");
	if (opt.terminal && !opt.exec && !terminal_arrived())
		report_failure("Runtime did not set up terminal");
}

static void report_failure(const char *fallback) {
	char text[8192];

	if (!stdio_runtime_error(text, sizeof text))
		snprintf(text, sizeof text, "%s", fallback);
	caller_report(-1, text);
	say(ERROR, "Failed to create container: %.500s", text);
	attach_close();
	monitor_exit(1);
}

static pid_t read_container_pid(void) {
	char text[32], *end;

	if (read_small(opt.container_pidfile, text, sizeof text) < 0) {
		char why[512];
		snprintf(why, sizeof why, "Failed to read %.400s: %s", opt.container_pidfile, strerror(errno));
		report_failure(why);
	}
	long pid = strtol(text, &end, 10);
	if (end == text || pid <= 0 || pid > 0x7fffffff)
		report_failure("the runtime wrote no pid");
	if (opt.terminal && !terminal_arrived())
		report_failure("Runtime did not set up terminal");
	return (pid_t)pid;
}

static void kill_container(void) {
	timed_out = true;
	end_container();
}

static void end_container(void) {
	pid_t group = getpgid(container_pid());

	kill(group > 1 && group != getpgrp() ? -group : container_pid(), SIGKILL);
	loop_after(KILL_WAIT, give_up);
}

/* The clean-up should find it dead, but a process that cannot die must not keep the exit from being known. */
static void give_up(void) {
	gave_up = true;
}
