/* Notices when the kernel killed in the container for want of memory, and leaves the file "oom". */
#include "monitor.h"

static void wake(struct source *source, short revents);
static struct source watch = {.fd = -1, .events = POLLIN, .ready = wake};
static char *counters; /* memory.events (v2) or memory.oom_control (v1) */
static long long before;
static bool seen, v1;

static char *memory_cgroup(pid_t pid, bool *is_v1);
static void watch_v1(const char *cgroup);
static void watch_v2(void);
static long long count(void);
static void mark(void);
static void touch(const char *dir);

void oom_watch(pid_t pid) {
	char *cgroup = memory_cgroup(pid, &v1);

	if (!cgroup) {
		say(WARN, "No memory cgroup found for %d", pid);
		return;
	}
	counters = join(cgroup, "/", v1 ? "memory.oom_control" : "memory.events");
	/* A cgroup made for this container starts at zero, and it may have run out of memory before we came to look. */
	bool own_v1;
	char *own = memory_cgroup(getpid(), &own_v1);
	before = opt.exec || !own || !strcmp(own, cgroup) ? count() : 0;
	free(own);
	if (v1)
		watch_v1(cgroup);
	else
		watch_v2();
	if (watch.fd >= 0)
		loop_add(&watch);
	free(cgroup);
}

bool oom_happened(void) {
	/* The container may have died of it before we came to look. */
	if (counters && count() > before)
		mark();
	return seen;
}

static void wake(struct source *source, short revents) {
	char events[4096];
	bool gone;

	(void)revents;
	/* The removal of the cgroup wakes us as well. */
	ssize_t got = v1 ? read(source->fd, events, sizeof events) : pread(source->fd, events, sizeof events, 0);
	gone = v1 ? access(counters, F_OK) < 0 : got < 0;
	if (gone) {
		loop_remove(source);
		close(source->fd);
	} else if (got > 0 && (v1 || count() > before)) {
		mark();
	}
}

/* The directory of the memory controller, as /proc/PID/cgroup tells: v1 when it has a hierarchy of its own. */
static char *memory_cgroup(pid_t pid, bool *is_v1) {
	char path[32], *found = NULL, *unified = NULL, *text = NULL;
	size_t size = 0;

	snprintf(path, sizeof path, "/proc/%d/cgroup", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return NULL;
	while (!found && getline(&text, &size, file) > 0) {
		char *controllers = strchr(text, ':'), *where = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!where)
			continue;
		where[strcspn(where, "\n")] = 0;
		*where++ = *controllers++ = 0;
		if (!*controllers && !unified)
			unified = join("/sys/fs/cgroup", where, "");
		for (char *one = strtok(controllers, ","); one && !found; one = strtok(NULL, ","))
			if (!strcmp(one, "memory"))
				found = join("/sys/fs/cgroup/memory", where, "");
	}
	free(text);
	fclose(file);
	*is_v1 = found != NULL;
	if (found)
		free(unified);
	return found ? found : unified;
}

static void watch_v1(const char *cgroup) {
	char line[32], *control = join(cgroup, "/", "cgroup.event_control");
	int source = open(counters, O_RDONLY | O_CLOEXEC), to = open(control, O_WRONLY | O_CLOEXEC);

	watch.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	snprintf(line, sizeof line, "%d %d", watch.fd, source);
	if (source < 0 || to < 0 || watch.fd < 0 || write(to, line, strlen(line)) < 0) {
		say(WARN, "Failed to watch %s: %m", counters);
		if (watch.fd >= 0)
			close(watch.fd);
		watch.fd = -1;
	}
	if (source >= 0)
		close(source);
	if (to >= 0)
		close(to);
	free(control);
}

/* Not by inotify, of which a user has 128 instances. The kernel wakes who has read the file since it last changed. */
static void watch_v2(void) {
	char text[1024];

	watch.events = POLLPRI;
	watch.fd = open(counters, O_RDONLY | O_CLOEXEC);
	if (watch.fd < 0 || pread(watch.fd, text, sizeof text, 0) < 0) {
		say(WARN, "Failed to watch %s: %m", counters);
		if (watch.fd >= 0)
			close(watch.fd);
		watch.fd = -1;
	}
}

/* Sum of the counters oom and oom_kill; 0 when the cgroup has gone. */
static long long count(void) {
	char text[1024];
	long long sum = 0;

	if (read_small(counters, text, sizeof text) < 0)
		return 0;
	for (char *rest, *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!strncmp(line, "oom ", 4) || !strncmp(line, "oom_kill ", 9))
			sum += atoll(strchr(line, ' '));
	return sum;
}

static void mark(void) {
	if (!seen) {
		touch(opt.persist_dir);
		touch(opt.bundle);
	}
	seen = true;
}

static void touch(const char *dir) {
	if (!dir)
		return;
	char *path = join(dir, "/", "oom");
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (fd < 0)
		say(WARN, "Failed to create %s: %m", path);
	else
		close(fd);
	free(path);
}
