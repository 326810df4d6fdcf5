/* Input on its way from the clients to the container: one packet at a time, none is read before the last is taken. */
#include "monitor.h"

static void writable(struct source *source, short revents);
static struct source sink = {.fd = -1, .events = POLLOUT, .ready = writable};
static char packet[32768];
static size_t start, length;
static bool ending;

static void push(bool hung_up);
static void close_sink(void);

void stdin_use(int fd) {
	sink.fd = fd;
	sink.paused = true;
	loop_add(&sink);
	clients_update();
}

bool stdin_busy(void) {
	/* What is typed before the terminal exists waits for it. */
	return length > 0 || (opt.terminal && sink.fd < 0);
}

char *stdin_buffer(size_t *size) {
	*size = sizeof packet;
	return packet;
}

void stdin_feed(const char *data, size_t size) {
	if (sink.fd < 0)
		return;
	start = data - packet;
	length = size;
	push(false);
}

void stdin_end(void) {
	/* On a terminal the master serves as input: it stays open for the output. */
	if (!opt.stdin_open || opt.leave_stdin_open || opt.terminal)
		return;
	if (length > 0)
		ending = true;
	else
		close_sink();
}

static void writable(struct source *source, short revents) {
	(void)source;
	push(revents & (POLLERR | POLLHUP));
	clients_update();
}

static void push(bool hung_up) {
	while (length > 0) {
		ssize_t written = write(sink.fd, packet + start, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN && !hung_up)
			break;
		if (written < 0) {
			/* No process will read this any more. */
			length = 0;
			if (!opt.terminal)
				close_sink();
			break;
		}
		start += written;
		length -= written;
	}
	sink.paused = length == 0;
	if (!length && ending)
		close_sink();
}

static void close_sink(void) {
	if (sink.fd < 0)
		return;
	loop_remove(&sink);
	close(sink.fd);
	sink.fd = -1;
}
