/* A log file: gathers entries, and keeps to the size limits. */
#include "monitor.h"

static bool write_out(struct log_file *file, const char *data, size_t size);
static bool tell_loss(struct log_file *file);
static int replace_with_empty(const char *path);

void log_file_open(struct log_file *file) {
	struct stat status;

	file->fd = open(file->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (file->fd < 0 || fstat(file->fd, &status) < 0)
		die("Failed to open log file %s: %m", file->path);
	file->size = status.st_size;
}

bool log_file_begin(struct log_file *file, size_t entry) {
	if (opt.log_global_size_max >= 0 && file->total + (int64_t)entry > opt.log_global_size_max)
		return false;
	if (opt.log_size_max >= 0 && file->size && file->size + (int64_t)entry > opt.log_size_max)
		log_file_start_anew(file);
	/* Entries are not split over two writes without need: a failed one can be taken back. */
	if (file->fill + entry > OUT_SIZE)
		log_file_flush(file);
	file->size += entry;
	file->total += entry;
	return true;
}

void log_file_put(struct log_file *file, const char *data, size_t size) {
	while (size > 0) {
		size_t part = OUT_SIZE - file->fill < size ? OUT_SIZE - file->fill : size;
		memcpy(file->out + file->fill, data, part);
		file->fill += part;
		data += part;
		size -= part;
		if (file->fill == OUT_SIZE)
			log_file_flush(file);
	}
}

/* A full disk must not stop the container. The log has a hole then, but no torn line, and says so as soon as it can. */
void log_file_flush(struct log_file *file) {
	if ((file->lost && !tell_loss(file)) || !write_out(file, file->out, file->fill)) {
		if (!file->lost)
			say(WARN, "Failed to write to %s: %s", file->path, strerror(file->failure));
		file->lost += file->fill;
		file->size -= file->fill;
		file->total -= file->fill;
	}
	file->fill = 0;
}

static bool write_out(struct log_file *file, const char *data, size_t size) {
	size_t done = 0;

	while (done < size) {
		ssize_t written = write(file->fd, data + done, size - done);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			file->failure = errno;
			if (done > 0 && ftruncate(file->fd, lseek(file->fd, 0, SEEK_END) - (off_t)done) < 0)
				say(DEBUG, "Failed to cut %s: %m", file->path);
			return false;
		}
		done += written;
	}
	return true;
}

static bool tell_loss(struct log_file *file) {
	char text[128], entry[256];

	snprintf(text, sizeof text, "[%lld bytes of log are missing here: %s]", (long long)file->lost,
		 strerror(file->failure));
	size_t size = file->note(entry, sizeof entry, text);
	if (!write_out(file, entry, size))
		return false;
	file->size += size;
	file->lost = 0;
	return true;
}

void log_file_start_anew(struct log_file *file) {
	log_file_flush(file);
	int fd = opt.log_rotate ? log_rotate(file) : replace_with_empty(file->path);
	if (fd < 0)
		return;
	close(file->fd);
	file->fd = fd;
	file->size = 0;
}

static int replace_with_empty(const char *path) {
	char *temporary = join(path, ".tmp", "");
	int fd = open(temporary, O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0 || rename(temporary, path) < 0) {
		say(WARN, "Failed to start %s anew: %m", path);
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	free(temporary);
	return fd;
}
