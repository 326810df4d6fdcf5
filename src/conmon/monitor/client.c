/*
 * Attached clients. Output goes out at once while the socket takes it, else into the client's queue. A client that is slow but
 * alive gets every byte: the container's output is not read until its queue is empty. A client whose process is stopped must
 * not hold the container: its queue grows to QUEUE_MAX; that it still gets, and then its connection ends.
 */
#include "monitor.h"

#define QUEUE_MAX (1 << 20)
#define STALL_POLL 200
#define MAX_KEPT 64

struct packet {
	struct packet *next;
	size_t size;
	char data[];
};

struct client {
	struct source source; /* first: the loop hands it back to us */
	struct client *next;
	pid_t pid;
	struct packet *head, **tail;
	size_t queued;
	bool ended;   /* no more input from it */
	bool deaf;    /* takes no more output */
	bool stopped; /* its process is stopped: it exerts no back-pressure */
	bool full;    /* too much waits for it: it gets that, and then the end */
};

static struct client *clients;

static void client_ready(struct source *source, short revents);
static void receive(struct client *client);
static bool send_packet(struct client *client, struct iovec *parts);
static void enqueue(struct client *client, char type, const char *data, size_t size);
static void flush_queue(struct client *client);
static void forget_queue(struct client *client);
static void check_stalled(void);
static bool is_stopped(pid_t pid);
static void keep_only_sockets(void);

/* Returns whether there was one to take. */
bool clients_accept(int listener) {
	struct ucred credentials;
	socklen_t size = sizeof credentials;

	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return false;
	struct client *client = calloc(1, sizeof *client);
	if (!client) {
		close(fd);
		return true;
	}
	client->source.fd = fd;
	client->source.ready = client_ready;
	client->tail = &client->head;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0)
		client->pid = credentials.pid;
	client->next = clients;
	clients = client;
	loop_add(&client->source);
	clients_update();
	return true;
}

void clients_send(enum stream stream, const char *data, size_t size) {
	char type = (char)stream;

	if (!clients)
		return;
	for (struct client *client = clients; client; client = client->next) {
		struct iovec parts[] = {{&type, 1}, {(char *)data, size}};
		if (client->deaf || client->full)
			continue;
		if (client->head || !send_packet(client, parts))
			enqueue(client, type, data, size);
	}
	clients_update();
}

/* What is polled of each client, and whether output may flow, follows from the state as a whole. */
void clients_update(void) {
	bool hold = false, busy = stdin_busy();

	for (struct client **link = &clients, *client; (client = *link);) {
		if (client->ended && client->deaf) {
			*link = client->next;
			loop_remove(&client->source);
			close(client->source.fd);
			free(client);
			continue;
		}
		bool waits = !client->ended && busy;
		client->source.events = (client->ended || busy ? 0 : POLLIN) | (client->head ? POLLOUT : 0);
		/* Input that we cannot take yet must not be lost to a hang-up. */
		client->source.paused = waits && !client->head;
		hold = hold || (client->head && !client->stopped && !client->full);
		if (client->head)
			loop_after(STALL_POLL, check_stalled);
		link = &client->next;
	}
	stdio_pause(hold);
}

void clients_linger(void) {
	bool needed = false;

	for (struct client *client = clients; client; client = client->next)
		needed = needed || client->head;
	if (!needed || fork() != 0)
		return;
	/* The exit is announced now; this child only empties the queues, as long as there is somebody to read. */
	loop_restore_signals();
	keep_only_sockets();
	for (struct client *client = clients; client; client = client->next) {
		struct pollfd wait = {.fd = client->source.fd, .events = POLLOUT};
		while (client->head) {
			if (poll(&wait, 1, -1) < 0 && errno != EINTR)
				break;
			flush_queue(client);
		}
		close(client->source.fd);
	}
	_exit(0);
}

static void client_ready(struct source *source, short revents) {
	struct client *client = (struct client *)source;

	if (revents & POLLOUT)
		flush_queue(client);
	if (revents & POLLIN && !stdin_busy() && !client->ended)
		receive(client);
	else if (revents & (POLLHUP | POLLERR)) {
		client->deaf = true;
		forget_queue(client);
	}
	clients_update();
}

static void receive(struct client *client) {
	size_t room;
	char *packet = stdin_buffer(&room);
	ssize_t got = recv(client->source.fd, packet, room, MSG_DONTWAIT);

	if (got > 0) {
		stdin_feed(packet, got);
	} else if (got == 0) {
		client->ended = true;
		stdin_end();
	} else if (errno == ECONNRESET) {
		/* It left with output unread. Its input before that is still to be had. */
		client->deaf = true;
		forget_queue(client);
	} else if (errno != EAGAIN && errno != EINTR) {
		client->ended = client->deaf = true;
		forget_queue(client);
	}
}

/* False: the socket is full. A client that has gone takes everything. */
static bool send_packet(struct client *client, struct iovec *parts) {
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	for (;;) {
		if (sendmsg(client->source.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			return true;
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
			return false;
		client->deaf = true;
		return true;
	}
}

static void enqueue(struct client *client, char type, const char *data, size_t size) {
	struct packet *packet = NULL;

	if (!client->stopped || client->queued < QUEUE_MAX)
		packet = malloc(sizeof *packet + size + 1);

	if (!packet) {
		say(WARN, "Cutting off an attached client that does not read");
		client->full = true;
		return;
	}
	packet->next = NULL;
	packet->size = size + 1;
	packet->data[0] = type;
	memcpy(packet->data + 1, data, size);
	*client->tail = packet;
	client->tail = &packet->next;
	client->queued += packet->size;
}

static void flush_queue(struct client *client) {
	while (client->head) {
		struct packet *packet = client->head;
		struct iovec parts[] = {{packet->data, 1}, {packet->data + 1, packet->size - 1}};
		if (!send_packet(client, parts))
			return;
		if (client->deaf) {
			forget_queue(client);
			return;
		}
		client->head = packet->next;
		client->queued -= packet->size;
		free(packet);
	}
	client->tail = &client->head;
	client->stopped = false;
	if (client->full)
		client->ended = client->deaf = true;
}

static void forget_queue(struct client *client) {
	for (struct packet *packet = client->head, *next; packet; packet = next) {
		next = packet->next;
		free(packet);
	}
	client->head = NULL;
	client->tail = &client->head;
	client->queued = 0;
}

static void check_stalled(void) {
	for (struct client *client = clients; client; client = client->next)
		client->stopped = client->head && client->pid > 0 && is_stopped(client->pid);
	clients_update();
}

static bool is_stopped(pid_t pid) {
	char path[32], text[512];

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if (read_small(path, text, sizeof text) < 0)
		return false;
	/* The name before the state may itself contain a parenthesis. */
	const char *state = strrchr(text, ')');
	return state && state[1] && (state[2] == 'T' || state[2] == 't');
}

static void keep_only_sockets(void) {
	int fds[MAX_KEPT], count = 0;

	for (struct client *client = clients; client && count < MAX_KEPT; client = client->next)
		if (client->head)
			fds[count++] = client->source.fd;
	close_all_except(fds, count);
}
