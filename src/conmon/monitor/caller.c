/* The pipes to the process that started us. Their messages are described in ../protocol.md. */
#include "monitor.h"

#define CLEANUP_WAIT 10000

static int start_fd = -1, sync_fd = -1, attach_fd = -1, exit_fd = -1, lock_fd = -1;

static bool reported;
static struct source watch;
static void (*caller_gone)(void);

static void caller_hung_up(struct source *source, short revents);
static bool read_start(void);
static size_t escape(char *to, const char *from);

void caller_wait_start(void) {
	start_fd = env_fd("_OCI_STARTPIPE");
	if (start_fd < 0)
		return;
	read_start();
	if (!opt.exec_attach && !(opt.run && getenv("_OCI_ATTACHPIPE")))
		caller_drop_start();
}

void caller_open(void) {
	sync_fd = env_fd("_OCI_SYNCPIPE");
	exit_fd = env_fd("_TSPOD_EXITPIPE");
	lock_fd = env_fd("_TSPOD_LOCKFD");
	/* Ours alone: nothing that we start may take them for its own. */
	unsetenv("_TSPOD_EXITPIPE");
	unsetenv("_TSPOD_LOCKFD");
	if (opt.exec_attach || opt.run)
		attach_fd = env_fd("_OCI_ATTACHPIPE");
	if (opt.exec_attach && attach_fd < 0)
		die("--attach specified but _OCI_ATTACHPIPE was not");
}

bool caller_wait_start_again(void) {
	return start_fd < 0 || read_start();
}

void caller_drop_start(void) {
	if (start_fd >= 0)
		close(start_fd);
	start_fd = -1;
}

void caller_drop_preserved(void) {
	if (sync_fd > 3)
		close_range(3, sync_fd - 1, 0);
}

void caller_attach_ready(void) {
	static const char text[] = "{\"data\": 0}\n";

	if (attach_fd < 0)
		return;
	write_all(attach_fd, text, sizeof text - 1);
	close(attach_fd);
	attach_fd = -1;
}

void caller_report(int value, const char *message) {
	const char *key = opt.api_version ? "data" : opt.exec ? "exit_code" : "pid";

	/* From here the state of the container can be seen from outside, even if the caller has died. */
	if (lock_fd >= 0)
		close(lock_fd);
	lock_fd = -1;
	if (sync_fd < 0)
		return;
	char *line = malloc(64 + (message ? 6 * strlen(message) : 0));
	if (!line)
		return;
	size_t size = sprintf(line, "{\"%s\": %d", key, value);
	if (message) {
		size += sprintf(line + size, ", \"message\": \"");
		size += escape(line + size, message);
		line[size++] = '"';
	}
	line[size++] = '}';
	line[size++] = '\n';
	write_all(sync_fd, line, size);
	free(line);
	reported = true;
	if (!opt.exec) {
		close(sync_fd);
		sync_fd = -1;
	}
}

void caller_fail(const char *message) {
	if (!reported)
		caller_report(-1, message);
}

void caller_watch(void (*gone)(void)) {
	if (exit_fd < 0)
		return;
	watch = (struct source){.fd = exit_fd, .events = POLLRDHUP, .ready = caller_hung_up};
	caller_gone = gone;
	loop_add(&watch);
}

static void caller_hung_up(struct source *source, short revents) {
	(void)revents;
	loop_remove(source);
	caller_gone();
}

bool caller_takes_cleanup(int exit_code, bool oom, const char *unexecuted) {
	struct pollfd wait = {.fd = exit_fd, .events = POLLIN};
	char line[2048], answer = 0;

	if (exit_fd < 0)
		return false;
	/* Who gives up a start has answered before it closed its end. */
	if (recv(exit_fd, &answer, 1, MSG_DONTWAIT) == 1)
		return answer == 'c';
	size_t size = (size_t)sprintf(line, "{\"exit_code\": %d%s", exit_code, oom ? ", \"oom\": true" : "");
	if (unexecuted) {
		size += (size_t)sprintf(line + size, ", \"unexecuted\": \"");
		size += escape(line + size, unexecuted);
		line[size++] = '"';
	}
	size += (size_t)sprintf(line + size, "}\n");
	ssize_t written;
	do {
		written = write(exit_fd, line, size);
	} while (written < 0 && errno == EINTR);
	if (written != (ssize_t)size)
		return false;
	int ready;
	do {
		ready = poll(&wait, 1, CLEANUP_WAIT);
	} while (ready < 0 && errno == EINTR);
	bool taken = ready > 0 && read(exit_fd, &answer, 1) == 1 && answer == 'c';
	close(exit_fd);
	exit_fd = -1;
	return taken;
}

void caller_close_others(void) {
	int keep[] = {sync_fd, exit_fd};
	close_all_except(keep, 2);
}

static bool read_start(void) {
	char byte;
	ssize_t got;

	do {
		got = read(start_fd, &byte, 1); /* the next may be there already */
		if (got < 0 && errno == EAGAIN) {
			struct pollfd wait = {.fd = start_fd, .events = POLLIN};
			poll(&wait, 1, -1);
		}
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	return got > 0;
}

static size_t escape(char *to, const char *from) {
	char *start = to;

	for (; *from; from++) {
		unsigned char byte = *from;
		if (byte == '"' || byte == '\\' || byte == '/')
			*to++ = '\\';
		if (byte < 0x20 || byte == 0x7f)
			to += sprintf(to, "\\u%04x", byte);
		else
			*to++ = (char)byte;
	}
	return to - start;
}
