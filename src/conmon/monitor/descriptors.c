/* Files, descriptors and sockets: what several duties need in the same careful form. */
#include "monitor.h"

static void close_between(unsigned first, unsigned last);

int env_fd(const char *name) {
	const char *text = getenv(name);
	char *end;

	if (!text)
		return -1;
	errno = 0;
	long fd = strtol(text, &end, 10);
	if (errno || end == text || *end || fd < 0 || fd > 0x7fffffff)
		die("Failed to parse %s", name);
	if (fcntl((int)fd, F_SETFD, FD_CLOEXEC) < 0)
		die("%s names no open descriptor: %m", name);
	return (int)fd;
}

void write_all(int fd, const char *data, size_t size) {
	while (size > 0) {
		ssize_t written = write(fd, data, size);
		if (written < 0 && errno == EAGAIN) {
			struct pollfd wait = {.fd = fd, .events = POLLOUT};
			poll(&wait, 1, 1000);
		} else if (written < 0 && errno != EINTR) {
			return;
		} else if (written > 0) {
			data += written;
			size -= written;
		}
	}
}

ssize_t read_small(const char *path, char *text, size_t size) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t got = read(fd, text, size - 1);
	int saved = errno;
	close(fd);
	errno = saved;
	text[got > 0 ? got : 0] = 0;
	return got;
}

bool write_file_atomically(const char *dir, const char *name, const char *text) {
	char *path = join(dir, dir[0] ? "/" : "", name);
	char *temporary = join(path, ".XXXXXX", "");
	int fd = mkostemp(temporary, O_CLOEXEC);
	bool done = false;

	if (fd >= 0) {
		size_t size = strlen(text);
		done = fchmod(fd, 0644) == 0 && write(fd, text, size) == (ssize_t)size;
		done = close(fd) == 0 && done && rename(temporary, path) == 0;
		if (!done)
			unlink(temporary);
	}
	if (!done)
		say(WARN, "Failed to write %s: %m", path);
	free(temporary);
	free(path);
	return done;
}

bool write_name_only(const char *dir, const char *name, const char *text) {
	char *path = join(dir, "/", name);
	bool done = symlink(text, path) == 0;

	free(path);
	return done;
}

bool bind_unix(int fd, const char *dir, const char *name) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		return false;
	/* Through the directory's descriptor: a path may be longer than an address. */
	snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dirfd, name);
	unlinkat(dirfd, name, 0);
	int result = bind(fd, (struct sockaddr *)&address, sizeof address);
	int saved = errno;
	close(dirfd);
	errno = saved;
	return result == 0;
}

void close_all_except(const int *keep, int count) {
	unsigned next = 3;

	for (;;) {
		unsigned kept = ~0U;
		for (int i = 0; i < count; i++)
			if (keep[i] >= (int)next && (unsigned)keep[i] < kept)
				kept = keep[i];
		close_between(next, kept == ~0U ? kept : kept - 1);
		if (kept == ~0U)
			return;
		next = kept + 1;
	}
}

static void close_between(unsigned first, unsigned last) {
	struct rlimit limit;

	if (first > last || close_range(first, last, 0) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > 65536)
		limit.rlim_cur = 65536;
	for (unsigned fd = first; fd <= last && fd < limit.rlim_cur; fd++)
		close((int)fd);
}

void streams_to_null(void) {
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die("Failed to open /dev/null: %m");
	for (int stream = 0; stream <= 2; stream++)
		if (fd != stream && dup2(fd, stream) < 0)
			die("Failed to redirect a standard stream: %m");
	if (fd > 2)
		close(fd);
	else
		fcntl(fd, F_SETFD, 0);
}

void set_nonblocking(int fd) {
	int flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		die("Failed to make a descriptor non-blocking: %m");
}

char *join(const char *a, const char *b, const char *c) {
	char *text = NULL;
	if (asprintf(&text, "%s%s%s", a, b, c) < 0)
		die("Out of memory");
	return text;
}
