/* Output of the container: from pipes or the terminal to the logs and the clients. */
#include "monitor.h"

/* Several chunks at once: fewer system calls when the container writes a lot. */
#define BATCH (8 * CHUNK)
/* Bounds the last drain: somebody who still holds the pipes may write for ever. */
#define DRAIN_MAX (4 << 20)
#define HANGUP_POLL 100

static void output_ready(struct source *source, short revents);
static struct source out = {.fd = -1, .events = POLLIN, .ready = output_ready};
static struct source err = {.fd = -1, .events = POLLIN, .ready = output_ready};
static int child_ends[3] = {-1, -1, -1};
static bool is_terminal, paused, hung_up;
static char buffer[BATCH];
/* The first words: all that a runtime leaves about a program that the kernel refused. */
static char first_words[256];
static size_t first_size;

static int make_pipe(int child_is_reader, int stream);
static ssize_t pump(struct source *source);
static void close_source(struct source *source);
static void poll_again(void);

void stdio_open(void) {
	if (log_is_passthrough())
		return;
	if (!opt.terminal) {
		if (opt.stdin_open)
			stdin_use(make_pipe(true, 0));
		out.fd = make_pipe(false, 1);
	}
	err.fd = make_pipe(false, 2);
}

void stdio_child(void) {
	if (log_is_passthrough())
		return;
	/* 0, 1 and 2 are /dev/null already: what has no pipe stays that way. */
	for (int stream = 0; stream <= 2; stream++)
		if (child_ends[stream] >= 0 && dup2(child_ends[stream], stream) < 0)
			_exit(127);
}

void stdio_close_child_ends(void) {
	for (int stream = 0; stream <= 2; stream++)
		if (child_ends[stream] >= 0)
			close(child_ends[stream]);
}

void stdio_set_terminal(int master) {
	is_terminal = true;
	out.fd = master;
	int copy = fcntl(master, F_DUPFD_CLOEXEC, 3);
	if (copy < 0)
		die("Failed to duplicate the terminal: %m");
	set_nonblocking(copy);
	stdin_use(copy);
}

void stdio_start(void) {
	if (out.fd >= 0)
		loop_add(&out);
	if (err.fd >= 0)
		loop_add(&err);
}

void stdio_pause(bool now) {
	paused = now;
	out.paused = now || hung_up;
	err.paused = now;
}

void stdio_drain(void) {
	struct source *both[] = {&out, &err};

	for (int i = 0; i < 2; i++) {
		ssize_t got = 1;
		for (int total = 0; both[i]->fd >= 0 && got > 0 && total < DRAIN_MAX; total += got)
			got = pump(both[i]);
	}
}

size_t stdio_runtime_error(char *text, size_t size) {
	size_t filled = 0;

	while (err.fd >= 0 && filled < size - 1) {
		ssize_t got = read(err.fd, text + filled, size - 1 - filled);
		if (got <= 0)
			break;
		filled += got;
	}
	text[filled] = 0;
	return filled;
}

const char *stdio_first_line(void) {
	first_words[strcspn(first_words, "\r\n")] = 0;
	return first_words;
}

static int make_pipe(int child_is_reader, int stream) {
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		die("Failed to create a pipe: %m");
	int ours = ends[child_is_reader ? 1 : 0];
	child_ends[stream] = ends[child_is_reader ? 0 : 1];
	/* Any user in the container may open /dev/stdout again. */
	if (fchmod(child_ends[stream], 0777) < 0)
		say(WARN, "Failed to set the mode of a pipe: %m");
	set_nonblocking(ours);
	return ours;
}

static void output_ready(struct source *source, short revents) {
	if (is_terminal && source == &out && !(revents & POLLIN)) {
		/* Nobody has the terminal open just now. That is no end: poll would report it without pause. */
		hung_up = true;
		stdio_pause(paused);
		loop_after(HANGUP_POLL, poll_again);
		return;
	}
	ssize_t got = pump(source);
	if (got < 0 && errno == EIO && is_terminal && source == &out)
		output_ready(source, 0);
	else if (got == 0 || (got < 0 && errno != EAGAIN))
		close_source(source);
}

static void poll_again(void) {
	hung_up = false;
	stdio_pause(paused);
}

static ssize_t pump(struct source *source) {
	enum stream stream = source == &err ? STDERR : STDOUT;
	ssize_t got;

	do {
		got = read(source->fd, buffer, sizeof buffer);
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got;
	if (first_size < sizeof first_words - 1) {
		size_t left = sizeof first_words - 1 - first_size, size = (size_t)got < left ? (size_t)got : left;
		memcpy(first_words + first_size, buffer, size);
		first_size += size;
	}
	/* Who connected before these bytes were written gets them, even if the loop has not come to it yet. */
	attach_accept();
	log_tick();
	for (ssize_t at = 0; at < got; at += CHUNK) {
		size_t size = got - at < CHUNK ? got - at : CHUNK;
		log_write(stream, buffer + at, size);
		clients_send(stream, buffer + at, size);
	}
	log_flush();
	return got;
}

static void close_source(struct source *source) {
	loop_remove(source);
	close(source->fd);
	source->fd = -1;
}
