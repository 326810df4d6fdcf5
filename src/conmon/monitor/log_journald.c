/* The journald driver: one datagram per line, in the journal's native form. */
#include "monitor.h"

#define LINE_LIMIT 8192

static int fd = -1;
static char *fields; /* what is the same in every entry */
static size_t fields_size;
static struct lines lines[2] = {{.limit = LINE_LIMIT}, {.limit = LINE_LIMIT}};

/* Named in every send, not connected to: the socket may be made anew while the container runs. */
static const struct sockaddr_un journal = {AF_UNIX, "/run/systemd/journal/socket"};

static lines_emit emit;
static void add_field(FILE *to, const char *name, const char *value);
static void add_label(FILE *to, const char *label);

void log_journald_open(void) {
	char short_id[13] = {0};
	FILE *to = open_memstream(&fields, &fields_size);

	if (!to)
		die("Out of memory");
	memcpy(short_id, opt.cid, 12);
	add_field(to, "CONTAINER_ID_FULL", opt.cid);
	add_field(to, "CONTAINER_ID", short_id);
	if (opt.name)
		add_field(to, "CONTAINER_NAME", opt.name);
	if (opt.log_tag)
		add_field(to, "CONTAINER_TAG", opt.log_tag);
	add_field(to, "SYSLOG_IDENTIFIER", opt.log_tag ? opt.log_tag : opt.name ? opt.name : short_id);
	for (int i = 0; i < opt.log_labels.count; i++)
		add_label(to, opt.log_labels.items[i]);
	fclose(to);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		say(WARN, "Failed to make a socket for the journal: %m");
	else if (access(journal.sun_path, W_OK) < 0)
		say(WARN, "Failed to reach the journal at %s: %m", journal.sun_path);
}

void log_journald_write(enum stream stream, const char *data, size_t size) {
	lines_feed(&lines[stream - STDOUT], stream, data, size, emit, NULL);
}

void log_journald_end(void) {
	lines_end(&lines[0], STDOUT, emit, NULL);
	lines_end(&lines[1], STDERR, emit, NULL);
}

static void emit(void *to, enum stream stream, const char *line, size_t size, bool complete) {
	static const char partial[] = "CONTAINER_PARTIAL_MESSAGE=true\n";
	char priority[] = "PRIORITY=6\n";

	(void)to;
	priority[9] = stream == STDOUT ? '6' : '3';
	if (size >= 3 && line[0] == '<' && line[1] >= '0' && line[1] <= '7' && line[2] == '>') {
		priority[9] = line[1];
		line += 3;
		size -= 3;
	}
	/* With an explicit length the text may hold any byte. */
	uint64_t length = htole64(size);
	struct iovec parts[] = {
		{fields, fields_size}, {priority, sizeof priority - 1},
		{"MESSAGE\n", 8}, {&length, sizeof length}, {(char *)line, size}, {"\n", 1},
		{(char *)partial, complete || opt.no_partial_message ? 0 : sizeof partial - 1},
	};
	struct msghdr message = {
		.msg_name = (void *)&journal, .msg_namelen = sizeof journal,
		.msg_iov = parts, .msg_iovlen = sizeof parts / sizeof *parts,
	};
	while (sendmsg(fd, &message, MSG_NOSIGNAL) < 0 && errno == EINTR)
		continue;
}

static void add_field(FILE *to, const char *name, const char *value) {
	uint64_t length = htole64(strlen(value));

	fprintf(to, "%s\n", name);
	fwrite(&length, sizeof length, 1, to);
	fprintf(to, "%s\n", value);
}

/* NAME=VALUE, checked before; the value may have several lines. */
static void add_label(FILE *to, const char *label) {
	size_t length = strcspn(label, "=");
	char *name = strndup(label, length);

	if (!name)
		die("Out of memory");
	add_field(to, name, label + length + 1);
	free(name);
}
