/* The end: what the container left, the exit files, and the exit command. */
#include "monitor.h"

#define NOT_EXECUTABLE 126
#define NOT_FOUND 127
#define NO_PROCESS (-1)
#define ATTEMPTS 5
#define FIRST_RETRY 100 /* milliseconds; doubled each time */
#define STOPPER_WAIT 30000
#define STOPPER_POLL 5

static bool armed, was_oom;
static int announced = -1; /* exit code for the exit pipe; -1: there was no container */
static const char *unexecuted;
static int stopper = -1; /* file of whoever stops the container and cleans up */

static void open_stopper(void);
static bool stopper_cleans_up(void);
static const char *why_unexecuted(void);
static int finish(const char *first, const char *second, char *answer, size_t room);
static int run_exit_command(const char *first, const char *second, char *answer, size_t room);
static bool was_killed(int status);
static bool waits_to_restart(const char *answer, char *count, size_t room);

void exit_arm(void) {
	armed = true;
}

void monitor_finish(int exit_code, bool timed_out) {
	char code[16];

	health_check_kill();
	if (!timed_out)
		stdio_drain();
	unexecuted = timed_out ? NULL : why_unexecuted();
	if (unexecuted)
		exit_code = strcasestr(unexecuted, "no such file or directory") ? NOT_FOUND : NOT_EXECUTABLE;
	log_end();
	notify_stop();
	was_oom = oom_happened();
	attach_close();
	clients_linger();
	/* Listening ports of the caller may be parked with us: free before anybody learns of the end. */
	caller_close_others();
	announced = exit_code;
	/* The exit file is what it waits for; then it removes the bundle. */
	open_stopper();
	snprintf(code, sizeof code, "%d", exit_code);
	if (opt.persist_dir)
		write_file_atomically(opt.persist_dir, "exit", code);
	/* Who waits for it in vain must not wait for us: the exit command tells the end then. */
	if (opt.exit_dir && !write_file_atomically(opt.exit_dir, opt.cid, code) && !write_name_only(opt.exit_dir, opt.cid, code) && stopper >= 0) {
		close(stopper);
		stopper = -1;
	}
	if (opt.exec)
		caller_report(exit_code, timed_out ? "command timed out" : unexecuted);
	monitor_exit(timed_out ? 255 : exit_code);
}

void monitor_exit(int status) {
	terminal_unlink();
	if (!armed)
		exit(status);
	armed = false;
	if (!caller_takes_cleanup(announced, was_oom, unexecuted) && opt.exit_command && !stopper_cleans_up()) {
		char answer[64] = "", count[16];
		int result = finish(NULL, NULL, answer, sizeof answer);
		if (waits_to_restart(answer, count, sizeof count))
			result = finish("--restart", count, NULL, 0);
		if (result)
			status = result;
	}
	_exit(status);
}

static void open_stopper(void) {
	if (opt.exec || !opt.bundle || !opt.exit_command)
		return;
	char *path = join(opt.bundle, "/", "stopper");
	stopper = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	free(path);
}

/* It holds a lock on its file until it has done so, and written into it. A lock without a word is one of somebody who died. */
static bool stopper_cleans_up(void) {
	struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct stat file;

	if (stopper < 0)
		return false;
	for (int waited = 0; fcntl(stopper, F_OFD_SETLK, &whole) < 0; waited += STOPPER_POLL) {
		if ((errno != EAGAIN && errno != EACCES) || waited >= STOPPER_WAIT)
			return false;
		poll(NULL, 0, STOPPER_POLL);
	}
	return fstat(stopper, &file) == 0 && file.st_size > 0;
}

/* A program could take the runtime's name; that it also begins with its words is what we rely on. */
static const char *why_unexecuted(void) {
	const char *words = stdio_first_line();

	return container_unexecuted() && !strncmp(words, "exec", 4) ? words : NULL;
}

pid_t exit_start(const struct list *args, const char *first, const char *second, int output) {
	const char **words = calloc(args->count + 4, sizeof *words);

	if (!words)
		return -1;
	words[0] = opt.exit_command;
	for (int i = 0; i < args->count; i++)
		words[i + 1] = args->items[i];
	words[args->count + 1] = first;
	words[args->count + 2] = second;
	pid_t pid = fork();
	if (pid == 0) {
		loop_restore_signals();
		oom_score_restore();
		streams_to_null();
		if (output >= 0)
			dup2(output, STDOUT_FILENO);
		close_all_except(NULL, 0);
		execv(words[0], (char **)words);
		_exit(127);
	}
	free(words);
	return pid;
}

/* Until the exit command has come to an end of its own: one that was killed may not have done its work. */
static int finish(const char *first, const char *second, char *answer, size_t room) {
	int status = NO_PROCESS, delay = FIRST_RETRY;

	if (opt.exit_delay)
		sleep((unsigned)opt.exit_delay);
	for (int attempt = 1;; attempt++, delay *= 2) {
		status = run_exit_command(first, second, answer, room);
		if (!opt.exit_retry || !was_killed(status) || attempt == ATTEMPTS)
			break;
		say(WARN, "The exit command was killed; trying again");
		/* Whoever wants us gone may say so now. */
		loop_restore_signals();
		poll(NULL, 0, delay);
	}
	if (status == NO_PROCESS)
		return 1;
	/* Systemd ends what is left of a service that it has stopped: no failure of the container's. */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

/* By the kernel that is short of memory, by somebody's kill -9, by a fault of its own; but not told to end. */
static bool was_killed(int status) {
	int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	return status == NO_PROCESS || (signal && signal != SIGTERM && signal != SIGINT && signal != SIGQUIT && signal != SIGHUP);
}

/* Returns its wait status. What it prints, as far as somebody is interested, ends up in answer. */
static int run_exit_command(const char *first, const char *second, char *answer, size_t room) {
	int ends[2] = {-1, -1}, status = NO_PROCESS;

	/* What the exit command leaves behind belongs to init, not to us. */
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	if (opt.exit_restarts && answer && pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		ends[0] = ends[1] = -1;
	pid_t pid = exit_start(&opt.exit_args, first, second, ends[1]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (ends[0] >= 0) {
		ssize_t got = read(ends[0], answer, room - 1);
		answer[got > 0 ? got : 0] = 0;
		close(ends[0]);
		close(ends[1]);
	}
	/* Leave no zombies of the runtime, and wait for nobody who lives on. */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
	return status;
}

/* "restart MILLISECONDS COUNT": the wait is ours, because it costs us far less memory than the engine. */
static bool waits_to_restart(const char *answer, char *count, size_t room) {
	long milliseconds, number;

	if (sscanf(answer, "restart %ld %ld", &milliseconds, &number) != 2 || milliseconds < 0)
		return false;
	snprintf(count, room, "%ld", number);
	/* Whoever stops or removes the container meanwhile ends us by a signal. */
	loop_restore_signals();
	poll(NULL, 0, (int)milliseconds);
	return true;
}
