/* The socket that clients attach to. */
#include "monitor.h"

#define LINK_MAX_LENGTH 107

static void listener_ready(struct source *source, short revents);
static struct source listener = {.fd = -1, .events = POLLIN, .ready = listener_ready};
static char *symlink_path;

static void make_symlink(void);

void attach_open(void) {
	listener.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener.fd < 0 || fchmod(listener.fd, 0700) < 0)
		die("Failed to create the attach socket: %m");
	if (!opt.full_attach && opt.cuuid)
		make_symlink();
	if (!bind_unix(listener.fd, opt.bundle, "attach"))
		die("Failed to bind the attach socket in %s: %m", opt.bundle);
	if (listen(listener.fd, 10) < 0)
		die("Failed to listen on the attach socket: %m");
	loop_add(&listener);
}

void attach_accept(void) {
	if (listener.fd < 0)
		return;
	while (clients_accept(listener.fd))
		;
}

void attach_close(void) {
	if (listener.fd < 0)
		return;
	char *path = join(opt.bundle, "/", "attach");
	unlink(path);
	free(path);
	if (symlink_path)
		unlink(symlink_path);
}

static void make_symlink(void) {
	char *target = realpath(opt.bundle, NULL);

	symlink_path = join(opt.socket_dir, "/", opt.cuuid);
	if (strlen(symlink_path) == LINK_MAX_LENGTH)
		symlink_path[LINK_MAX_LENGTH - 1] = 0;
	if (unlink(symlink_path) < 0 && errno != ENOENT)
		die("Failed to remove the old symlink %s: %m", symlink_path);
	if (!target || symlink(target, symlink_path) < 0)
		die("Failed to create the symlink %s: %m", symlink_path);
	free(target);
}

static void listener_ready(struct source *source, short revents) {
	(void)revents;
	(void)source;
	attach_accept();
}
