/* Every process that ends below us: the runtime, the container, and strays that we adopted. */
#include "monitor.h"

#define EARLY 64
#define ALIEN_POLL 100
#define WATCHED 4

struct process {
	pid_t pid;
	int status;
	bool done, unexecuted;
};

static struct process runtime, container;
static char runtime_name[32];
/* A quick container can end before the runtime has told us its pid. */
static struct process early[EARLY];
static unsigned early_next;
static struct {
	pid_t pid;
	void (*ended)(int status);
} watched[WATCHED];

static bool next_ended(struct process *ended);
static bool is_still_runtime(pid_t pid);
static bool read_name(pid_t pid, char *name, size_t size);
static void take(struct process ended);
static void poll_alien(void);

void reaper_watch_runtime(pid_t pid) {
	runtime.pid = pid;
}

void reaper_watch_container(pid_t pid) {
	container.pid = pid;
	for (unsigned i = 0; i < EARLY; i++)
		if (early[i].pid == pid)
			container = early[i];
	reaper_collect();
}

void reaper_collect(void) {
	struct process ended;

	while (next_ended(&ended)) {
		if (ended.pid == runtime.pid && !runtime.done)
			runtime = ended;
		else if (ended.pid == container.pid)
			container = ended;
		else
			take(ended);
	}
	if (errno == ECHILD && container.pid && !container.done)
		poll_alien();
}

void reaper_watch(pid_t pid, void (*ended)(int status)) {
	for (unsigned i = 0; i < EARLY; i++)
		if (early[i].pid == pid && early[i].done) {
			early[i].done = false;
			ended(early[i].status);
			return;
		}
	/* Each has one process at a time: one that was given up makes room for the next. */
	for (unsigned i = 0; i < WATCHED; i++)
		if (!watched[i].ended || watched[i].ended == ended) {
			watched[i].pid = pid;
			watched[i].ended = ended;
			return;
		}
	die("Too many processes to watch");
}

void reaper_forget(void) {
	memset(early, 0, sizeof early);
}

void reaper_forward(int signal) {
	pid_t pid = container.pid ? container.pid : runtime.pid;

	if (pid > 0 && kill(pid, signal) < 0)
		say(DEBUG, "Failed to forward signal %d: %m", signal);
}

bool runtime_done(int *status) {
	*status = runtime.status;
	return runtime.done;
}

bool container_done(int *status) {
	*status = container.status;
	return container.done;
}

bool container_unexecuted(void) {
	return container.unexecuted;
}

pid_t container_pid(void) {
	return container.pid;
}

/* False with errno 0 when nobody else has ended yet. */
static bool next_ended(struct process *ended) {
	siginfo_t info = {0};

	errno = 0;
	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		return false;
	*ended = (struct process){.pid = info.si_pid, .done = true};
	/* A zombie still has its name, until it is reaped. */
	if (!runtime.done)
		read_name(runtime.pid, runtime_name, sizeof runtime_name);
	ended->unexecuted = info.si_code == CLD_EXITED && info.si_status != 0 && is_still_runtime(info.si_pid);
	return waitpid(info.si_pid, &ended->status, WNOHANG) > 0;
}

/*
 * Both runtimes report a program that the kernel refuses only after they have reported success, and end with 1. Until then the container's
 * process has the name of crun's own, whatever that is, or one that runc gives it.
 */
static bool is_still_runtime(pid_t pid) {
	char name[32];

	return read_name(pid, name, sizeof name) && (!strncmp(name, "runc:[", 6) || !strcmp(name, runtime_name));
}

static bool read_name(pid_t pid, char *name, size_t size) {
	char path[32];

	snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
	return read_small(path, name, size) > 0;
}

static void take(struct process ended) {
	for (unsigned i = 0; i < WATCHED; i++)
		if (watched[i].pid == ended.pid) {
			watched[i].pid = 0;
			watched[i].ended(ended.status);
			return;
		}
	early[early_next++ % EARLY] = ended;
}

/* The container is somebody else's child: all that can be seen is that it vanishes. */
static void poll_alien(void) {
	if (kill(container.pid, 0) < 0 && errno == ESRCH)
		container.done = true;
	else
		loop_after(ALIEN_POLL, reaper_collect);
}
