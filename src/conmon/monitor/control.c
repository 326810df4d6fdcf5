/* The fifos ctl (resize, reopen the log, start, health) and winsz (resize). A bad line has no effect. */
#include "monitor.h"

#define LINE_MAX_LENGTH 199
#define NUMBER_MAX 1000

struct fifo {
	struct source source;
	char line[LINE_MAX_LENGTH + 1];
	size_t length;
	bool overlong;
	int wants; /* numbers; words after them are ignored */
	void (*obey)(const int *numbers);
};

static void fifo_ready(struct source *source, short revents);
static void obey_ctl(const int *numbers);
static void obey_winsz(const int *numbers);
static struct fifo ctl = {.source = {.events = POLLIN, .ready = fifo_ready}, .wants = 3, .obey = obey_ctl};
static struct fifo winsz = {.source = {.events = POLLIN, .ready = fifo_ready}, .wants = 2, .obey = obey_winsz};

static void open_fifo(struct fifo *fifo, const char *name);
static void take_byte(struct fifo *fifo, char byte);
static bool parse(const char *line, int *numbers, int wanted);

void control_open(void) {
	open_fifo(&ctl, "ctl");
	open_fifo(&winsz, "winsz");
}

static void open_fifo(struct fifo *fifo, const char *name) {
	char *path = join(opt.bundle, "/", name);

	if (unlink(path) < 0 && errno != ENOENT)
		die("Failed to remove %s: %m", path);
	if (mkfifo(path, 0660) < 0)
		die("Failed to create the fifo %s: %m", path);
	/* Open for writing too: writers come and go, and that must not look like an end. */
	fifo->source.fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fifo->source.fd < 0)
		die("Failed to open the fifo %s: %m", path);
	free(path);
	loop_add(&fifo->source);
}

static void fifo_ready(struct source *source, short revents) {
	char bytes[256];
	ssize_t got = read(source->fd, bytes, sizeof bytes);

	(void)revents;
	for (ssize_t i = 0; i < got; i++)
		take_byte((struct fifo *)source, bytes[i]);
}

static void take_byte(struct fifo *fifo, char byte) {
	if (byte != '\n') {
		if (fifo->length < LINE_MAX_LENGTH)
			fifo->line[fifo->length++] = byte;
		else
			fifo->overlong = true;
		return;
	}
	int numbers[3];
	fifo->line[fifo->length] = 0;
	if (!fifo->overlong && parse(fifo->line, numbers, fifo->wants))
		fifo->obey(numbers);
	else
		say(WARN, "Ignoring a bad control line");
	fifo->length = 0;
	fifo->overlong = false;
}

static void obey_ctl(const int *numbers) {
	if (numbers[0] == 1)
		terminal_resize(numbers[1], numbers[2]);
	else if (numbers[0] == 2)
		log_reopen();
	else if (numbers[0] == 3)
		container_started();
	else if (numbers[0] == 4)
		health_check_now();
	else if (numbers[0] == 5)
		health_reload();
	else
		say(WARN, "Ignoring unknown control message %d", numbers[0]);
}

static void obey_winsz(const int *numbers) {
	terminal_resize(numbers[0], numbers[1]);
}

/* Plain decimal numbers only. */
static bool parse(const char *line, int *numbers, int wanted) {
	for (int i = 0; i < wanted; i++) {
		line += strspn(line, " \t\r");
		const char *start = line;
		int value = 0;
		for (; *line >= '0' && *line <= '9'; line++)
			if ((value = value * 10 + (*line - '0')) > NUMBER_MAX)
				return false;
		if (line == start || (*line && !strchr(" \t\r", *line)))
			return false;
		numbers[i] = value;
	}
	return true;
}
