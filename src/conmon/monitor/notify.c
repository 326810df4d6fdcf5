/* sd_notify: what we say ourselves, and a relay of harmless messages, never descriptors, so that a container cannot pose as
 * its service. */
#include "monitor.h"

#define MESSAGES_A_TURN 64

static void relay(struct source *source, short revents);
static struct source inner = {.fd = -1, .events = POLLIN, .ready = relay};
static int outer = -1;

static void tell(const char *text);
static bool passes(const char *line, size_t length);

void notify_open(void) {
	struct sockaddr_un host = {.sun_family = AF_UNIX};

	if (!opt.sdnotify_socket || !opt.bundle)
		return;
	if (strlen(opt.sdnotify_socket) >= sizeof host.sun_path)
		die("Path of the notify socket is too long: %s", opt.sdnotify_socket);
	strcpy(host.sun_path, opt.sdnotify_socket);
	/* An abstract address begins with a zero byte and has no end mark. */
	socklen_t length = sizeof host;
	if (host.sun_path[0] == '@') {
		length = offsetof(struct sockaddr_un, sun_path) + strlen(host.sun_path);
		host.sun_path[0] = 0;
	}
	outer = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (outer < 0 || connect(outer, (struct sockaddr *)&host, length) < 0)
		say(WARN, "Failed to connect to the notify socket %s: %m", opt.sdnotify_socket);
	if (opt.sdnotify_ready && strcmp(opt.sdnotify_ready, "container"))
		return;

	char *dir = join(opt.bundle, "/", "notify");
	inner.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t mask = umask(0);
	if (inner.fd < 0 || fchmod(inner.fd, 0777) < 0 || !bind_unix(inner.fd, dir, "notify.sock"))
		die("Failed to bind the notify socket in %s: %m", dir);
	umask(mask);
	free(dir);
	loop_add(&inner);
}

void notify_started(void) {
	char text[64];
	bool ready = opt.sdnotify_ready && !strcmp(opt.sdnotify_ready, "start");

	/* The service is over when we are: then the clean-up is done as well. */
	snprintf(text, sizeof text, "MAINPID=%d\n%s", getpid(), ready ? "READY=1\n" : "");
	if (opt.sdnotify_ready)
		tell(text);
}

void notify_ready(void) {
	if (opt.sdnotify_ready && !strcmp(opt.sdnotify_ready, "healthy"))
		tell("READY=1\n");
}

void notify_stop(void) {
	if (inner.fd >= 0)
		relay(&inner, POLLIN);
}

static void relay(struct source *source, short revents) {
	char text[4096], kept[4097];
	ssize_t got;

	(void)revents;
	/* recv, not recvmsg: descriptors that came along are closed by the kernel. Who never stops sending has to wait for the rest. */
	for (int left = MESSAGES_A_TURN; left > 0 && (got = recv(source->fd, text, sizeof text, 0)) >= 0; left--) {
		size_t size = 0;
		for (ssize_t at = 0; at < got;) {
			const char *newline = memchr(text + at, '\n', got - at);
			size_t length = newline ? (size_t)(newline - (text + at)) : (size_t)(got - at);
			if (passes(text + at, length) && size + length + 1 < sizeof kept) {
				memcpy(kept + size, text + at, length);
				kept[size + length] = '\n';
				size += length + 1;
			}
			at += length + 1;
		}
		kept[size] = 0;
		if (size > 0)
			tell(kept);
	}
}

static void tell(const char *text) {
	if (outer >= 0 && send(outer, text, strlen(text), MSG_NOSIGNAL) < 0)
		say(WARN, "Failed to send a notify message: %m");
}

static bool passes(const char *line, size_t length) {
	static const char *const exact[] = {"READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "WATCHDOG=trigger"};
	static const char *const starts[] = {"STATUS=", "ERRNO=", "BUSERROR=", "MONOTONIC_USEC="};

	for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
		if (strlen(exact[i]) == length && !memcmp(line, exact[i], length))
			return true;
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (length >= strlen(starts[i]) && !memcmp(line, starts[i], strlen(starts[i])))
			return true;
	return false;
}
