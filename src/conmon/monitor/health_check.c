/* One health check: the runtime's exec starts the program, which we adopt; then its output, its status and a deadline. */
#include "monitor.h"

/* Where the log takes everything; and how long a killed program may take to end. */
#define OUTPUT_MAX (1 << 20)
#define KILL_WAIT 5000

static void take_output(struct source *source, short revents);
static struct source output = {.fd = -1, .events = POLLIN, .ready = take_output};
static struct check current;
static void (*report)(struct check *check);
static char *pidfile;
static pid_t runtime_process, program;
static bool expired;
static int limit_ms;

static void start_runtime(const char **words, int out);
static void runtime_ended(int status);
static void program_ended(int status);
static void expire(void);
static void finish(int code);
static void keep(const char *text, size_t size);

void health_check_start(const char *spec, int timeout, void (*done)(struct check *check)) {
	int ends[2];

	report = done;
	limit_ms = timeout;
	expired = false;
	log_tick();
	current = (struct check){.output = NULL};
	strcpy(current.start, log_time_utc());
	if (!pidfile)
		pidfile = join(opt.bundle, "/", "health.pid");
	unlink(pidfile);
	reaper_forget();
	const char **words = runtime_exec_arguments(spec, pidfile);
	if (pipe2(ends, O_CLOEXEC) == 0) {
		output.fd = ends[0];
		set_nonblocking(output.fd);
		loop_add(&output);
		start_runtime(words, ends[1]);
		close(ends[1]);
	}
	free(words);
	if (runtime_process <= 0)
		finish(-1);
	else if (timeout > 0)
		loop_after(timeout, expire);
}

void health_check_kill(void) {
	if (program > 0)
		kill(getpgid(program) == program ? -program : program, SIGKILL);
	if (runtime_process > 0)
		kill(runtime_process, SIGKILL);
}

static void start_runtime(const char **words, int out) {
	pid_t monitor = getpid();

	runtime_process = fork();
	if (runtime_process > 0)
		reaper_watch(runtime_process, runtime_ended);
	if (runtime_process != 0)
		return;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != monitor)
		_exit(127);
	oom_score_restore();
	loop_restore_signals();
	if (fchmod(out, 0777) == 0 && dup2(out, 1) == 1 && dup2(out, 2) == 2)
		runtime_exec((char **)words);
	_exit(127);
}

static void runtime_ended(int status) {
	char text[32];

	(void)status;
	if (!runtime_process)
		return;
	runtime_process = 0;
	/* As with every exec, the pid file tells whether the program was started. */
	program = read_small(pidfile, text, sizeof text) > 0 ? atoi(text) : 0;
	if (program <= 0)
		finish(-1);
	else
		reaper_watch(program, program_ended);
	if (expired)
		health_check_kill();
}

static void program_ended(int status) {
	if (program)
		finish(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* The second time even SIGKILL has not helped: it is left to itself. */
static void expire(void) {
	if (expired) {
		finish(-1);
		return;
	}
	expired = true;
	health_check_kill();
	loop_after(KILL_WAIT, expire);
}

static void finish(int code) {
	char text[64];

	runtime_process = program = 0;
	loop_cancel(expire);
	if (output.fd >= 0)
		take_output(&output, POLLHUP);
	if (expired) {
		current.size = 0;
		code = -1;
		keep(text, snprintf(text, sizeof text, "Health check exceeded timeout (%gs)", limit_ms / 1000.0));
	}
	current.code = code;
	log_tick();
	strcpy(current.end, log_time_utc());
	report(&current);
	free(current.output);
}

/* What is there now, without waiting for whoever else holds the pipe; bounded, for they may write for ever. */
static void take_output(struct source *source, short revents) {
	char text[4096];
	ssize_t got = 1;

	for (int total = 0; got > 0 && total < OUTPUT_MAX; total += got)
		if ((got = read(source->fd, text, sizeof text)) > 0)
			keep(text, got);
	if (got == 0 || (revents & POLLHUP)) {
		loop_remove(source);
		close(source->fd);
		source->fd = -1;
	}
}

static void keep(const char *text, size_t size) {
	size_t limit = opt.health_log_size > 0 && opt.health_log_size < OUTPUT_MAX ? opt.health_log_size : OUTPUT_MAX;
	size_t part = size < limit - current.size ? size : limit - current.size;
	char *bigger = part > 0 ? realloc(current.output, current.size + part) : NULL;

	if (!bigger)
		return;
	current.output = bigger;
	memcpy(bigger + current.size, text, part);
	current.size += part;
}
