/* The event loop: poll, a few timers, and signals read from a descriptor. */
#include "monitor.h"

#define TIMERS 10

static struct source **sources;
static struct pollfd *polled;
static int count, room;
static struct {
	void (*fire)(void);
	int64_t due;
} timers[TIMERS];
static sigset_t inherited_mask, handled;
static struct source signals;

static int next_timeout(void);
static void fire_timers(void);
static void take_signals(struct source *source, short revents);

void loop_init(void) {
	sigemptyset(&handled);
	sigaddset(&handled, SIGCHLD);
	sigaddset(&handled, SIGTERM);
	sigaddset(&handled, SIGQUIT);
	sigaddset(&handled, SIGINT);
	/* Blocked before the runtime exists: none of its signals can be lost. */
	sigprocmask(SIG_BLOCK, &handled, &inherited_mask);
	signal(SIGCHLD, SIG_DFL);
	signals.fd = signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals.fd < 0)
		die("Failed to create a signal descriptor: %m");
	signals.events = POLLIN;
	signals.ready = take_signals;
	loop_add(&signals);
}

void loop_add(struct source *source) {
	if (count == room) {
		room = room ? room * 2 : 16;
		sources = realloc(sources, room * sizeof *sources);
		polled = realloc(polled, room * sizeof *polled);
		if (!sources || !polled)
			die("Out of memory");
	}
	sources[count++] = source;
}

void loop_remove(struct source *source) {
	/* Only emptied: a step may be walking over the array. */
	for (int i = 0; i < count; i++)
		if (sources[i] == source)
			sources[i] = NULL;
}

void loop_after(int milliseconds, void (*fire)(void)) {
	int slot = -1;

	for (int i = 0; i < TIMERS; i++)
		if (timers[i].fire == fire)
			slot = i;
		else if (!timers[i].fire && slot < 0)
			slot = i;
	if (slot < 0)
		die("Too many timers");
	timers[slot].fire = fire;
	timers[slot].due = loop_now() + milliseconds;
}

void loop_cancel(void (*fire)(void)) {
	for (int i = 0; i < TIMERS; i++)
		if (timers[i].fire == fire)
			timers[i].fire = NULL;
}

void loop_step(void) {
	int kept = 0;

	for (int i = 0; i < count; i++)
		if (sources[i])
			sources[kept++] = sources[i];
	count = kept;
	int walked = count;
	for (int i = 0; i < walked; i++) {
		polled[i].fd = sources[i]->paused ? -1 : sources[i]->fd;
		polled[i].events = sources[i]->events;
		polled[i].revents = 0;
	}
	if (poll(polled, walked, next_timeout()) < 0) {
		if (errno != EINTR && errno != EAGAIN && errno != ENOMEM)
			die("Failed to poll: %m");
		return;
	}
	fire_timers();
	for (int i = 0; i < walked; i++)
		if (polled[i].revents && sources[i] && !sources[i]->paused)
			sources[i]->ready(sources[i], polled[i].revents);
}

void loop_restore_signals(void) {
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigprocmask(SIG_SETMASK, &inherited_mask, NULL);
}

int64_t loop_now(void) {
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int next_timeout(void) {
	int64_t best = -1, current = -1;

	for (int i = 0; i < TIMERS; i++) {
		if (!timers[i].fire)
			continue;
		if (current < 0)
			current = loop_now();
		int64_t left = timers[i].due > current ? timers[i].due - current : 0;
		if (best < 0 || left < best)
			best = left;
	}
	return best > 1000000000 ? 1000000000 : (int)best;
}

static void fire_timers(void) {
	for (int i = 0; i < TIMERS; i++) {
		void (*fire)(void) = timers[i].fire;
		if (fire && timers[i].due <= loop_now()) {
			timers[i].fire = NULL;
			fire();
		}
	}
}

static void take_signals(struct source *source, short revents) {
	struct signalfd_siginfo info;

	(void)revents;
	while (read(source->fd, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo != SIGCHLD)
			reaper_forward(info.ssi_signo);
	reaper_collect();
}
