/* The container's terminal: the runtime hands its master over through a socket that it finds by path. */
#include "monitor.h"

static void console_connected(struct source *source, short revents);
static struct source listener = {.fd = -1, .events = POLLIN, .ready = console_connected};
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static bool bound;
static int master = -1, wanted_rows, wanted_columns;

static int receive_descriptor(int connection);

void terminal_open(void) {
	const char *dir = getenv("TMPDIR");
	int attempts = 0;

	if (!opt.terminal)
		return;
	listener.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener.fd < 0 || fchmod(listener.fd, 0700) < 0)
		die("Failed to create the console socket: %m");
	do {
		/* mkstemp finds a free name; the socket then takes its place. */
		int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/conmon-term.XXXXXX",
				      dir && *dir ? dir : "/tmp");
		if (length >= (int)sizeof address.sun_path)
			die("Path of the console socket is too long: %s", dir);
		int fd = mkstemp(address.sun_path);
		if (fd < 0)
			die("Failed to create %s: %m", address.sun_path);
		close(fd);
		unlink(address.sun_path);
		bound = bind(listener.fd, (struct sockaddr *)&address, sizeof address) == 0;
	} while (!bound && errno == EADDRINUSE && ++attempts < 100);
	if (!bound || listen(listener.fd, 1) < 0)
		die("Failed to listen on the console socket %s: %m", address.sun_path);
	loop_add(&listener);
}

const char *terminal_socket(void) {
	return opt.terminal ? address.sun_path : NULL;
}

bool terminal_arrived(void) {
	return master >= 0;
}

void terminal_resize(int rows, int columns) {
	struct winsize size = {.ws_row = rows, .ws_col = columns};

	if (!opt.terminal)
		return;
	/* Before the terminal is there, the size is kept for it: the program must start with it. */
	wanted_rows = rows;
	wanted_columns = columns;
	if (master >= 0 && ioctl(master, TIOCSWINSZ, &size) < 0)
		say(WARN, "Failed to set the terminal size: %m");
}

void terminal_unlink(void) {
	if (bound)
		unlink(address.sun_path);
	bound = false;
}

static void console_connected(struct source *source, short revents) {
	(void)revents;
	int connection = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);
	if (connection < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			die("Failed to accept the console connection: %m");
		return;
	}
	terminal_unlink();
	loop_remove(source);
	close(source->fd);
	master = receive_descriptor(connection);
	close(connection);
	if (master < 0)
		die("No terminal came through the console socket");

	struct termios attributes;
	if (tcgetattr(master, &attributes) == 0) {
		attributes.c_oflag |= ONLCR;
		if (tcsetattr(master, TCSANOW, &attributes) < 0)
			say(WARN, "Failed to set the terminal attributes: %m");
	}
	if (wanted_rows || wanted_columns)
		terminal_resize(wanted_rows, wanted_columns);
	stdio_set_terminal(master);
}

static int receive_descriptor(int connection) {
	char name[256];
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec part = {name, sizeof name};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
				 .msg_controllen = sizeof control};
	ssize_t got;
	int fd = -1;

	do {
		got = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	struct cmsghdr *header = got < 0 ? NULL : CMSG_FIRSTHDR(&message);
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len >= CMSG_LEN(sizeof fd))
		memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}
