/* When to check, and what a check means for the state of health. */
#include "monitor.h"

static enum { STARTING, HEALTHY, UNHEALTHY } state;
static const char *const names[] = {"starting", "healthy", "unhealthy"};
static bool container_runs, begun, outdated, startup, checking, again, telling, more_to_tell, startup_failed;
static int64_t begin, streak, successes, failures;

static void check_next(void);
static void checked(struct check *check);
static void count(bool good);
static void plan_next(bool now);
static void tell(void);
static void told(int status);
static bool in_start_period(void);

void health_begin(void) {
	container_runs = true;
	if (begun || !opt.health_log || !opt.health_spec)
		return;
	begun = true;
	begin = loop_now();
	startup = opt.health_startup_spec != NULL;
	health_log_write(names[state], streak, NULL);
	plan_next(true);
}

/* What was found out so far stays as it is, unless there was no check before. */
void health_reload(void) {
	enum { LARGEST = 65536 };
	char *path = join(opt.bundle, "/", "health-options");
	char *text = malloc(LARGEST);
	ssize_t size = text ? read_small(path, text, LARGEST) : -1;

	free(path);
	if (size < 0) {
		say(WARN, "Failed to read the new options about health: %m");
		free(text);
		return;
	}
	/* The options point into the text, which therefore stays; this happens when somebody says so, not by itself. */
	options_take_health(text, text + size);
	loop_cancel(check_next);
	outdated = checking;
	successes = failures = 0;
	if (!opt.health_spec) {
		begun = false;
		state = STARTING;
		streak = 0;
	} else if (begun) {
		startup = startup && opt.health_startup_spec;
		if (!checking)
			plan_next(true);
	} else if (container_runs) {
		health_begin();
	}
}

void health_check_now(void) {
	health_begin();
	again = checking;
	if (begun && !checking)
		check_next();
}

static void check_next(void) {
	char *mark = join(opt.bundle, "/", "paused");
	bool paused = access(mark, F_OK) == 0;

	free(mark);
	loop_cancel(check_next);
	/* In a frozen container nothing can run, and that says nothing about its health. */
	if (paused) {
		plan_next(false);
		return;
	}
	checking = true;
	health_check_start(startup ? opt.health_startup_spec : opt.health_spec,
			   (int)(startup ? opt.startup_timeout : opt.health_timeout), checked);
}

static void checked(struct check *check) {
	int before = state, status;
	bool was_startup = startup;

	checking = false;
	/* A check that the end of the container has ended. */
	if (container_done(&status) || !begun)
		return;
	/* Its options have changed while it ran: what it says is about a check that is no more. */
	if (outdated) {
		outdated = false;
		plan_next(true);
		return;
	}
	count(check->code == 0);
	health_log_write(names[state], streak, check);
	if (state == HEALTHY && before != HEALTHY)
		notify_ready();
	if ((int)state != before || opt.health_events || startup_failed)
		tell();
	plan_next(was_startup && !startup);
}

static void count(bool good) {
	if (startup) {
		successes = good ? successes + 1 : 0;
		startup = successes < opt.startup_success;
		startup_failed = !good && opt.startup_retries > 0 && ++failures % opt.startup_retries == 0;
	} else if (good) {
		state = HEALTHY;
		streak = 0;
	} else if (!in_start_period() && ++streak >= opt.health_retries) {
		state = UNHEALTHY;
	}
}

static void plan_next(bool now) {
	int64_t interval = startup                                               ? opt.startup_interval
			   : opt.health_start_interval >= 0 && in_start_period() ? opt.health_start_interval
										 : opt.health_interval;

	if (again)
		loop_after(0, check_next);
	else if (interval > 0)
		loop_after(now ? 0 : (int)interval, check_next);
	again = false;
}

/* The engine writes the event down, and does what is to be done about an unhealthy container. */
static void tell(void) {
	if (!opt.exit_command || !opt.health_args.count)
		return;
	more_to_tell = telling;
	if (telling)
		return;
	pid_t pid = exit_start(&opt.health_args, startup_failed ? "startup-failed" : names[state], NULL, -1);
	startup_failed = false;
	telling = pid > 0;
	if (telling)
		reaper_watch(pid, told);
}

static void told(int status) {
	(void)status;
	telling = false;
	if (more_to_tell)
		tell();
}

/* Once it was healthy, it is no longer starting. */
static bool in_start_period(void) {
	return state == STARTING && loop_now() - begin < opt.health_start_period;
}
