/* Rotation with old files: PATH becomes PATH.1 and so on. Refused where somebody else could make us rename foreign files. */
#include "monitor.h"

static const char *refusal(const struct log_file *file);
static bool is_allowed(const char *dir);
static int start_new(const char *path);

int log_rotate(const struct log_file *file) {
	const char *reason = refusal(file);

	if (reason) {
		say(WARN, "Not rotating %s: %s", file->path, reason);
		return -1;
	}
	for (int64_t number = opt.log_max_files; number >= 1; number--) {
		char *older = NULL, *newer = NULL;
		if (asprintf(&older, "%s.%lld", file->path, (long long)number) < 0 ||
		    asprintf(&newer, number > 1 ? "%s.%lld" : "%s", file->path, (long long)number - 1) < 0)
			return -1;
		if (rename(newer, older) < 0 && errno != ENOENT)
			say(WARN, "Failed to rename %s to %s: %m", newer, older);
		free(older);
		free(newer);
	}
	return start_new(file->path);
}

static const char *refusal(const struct log_file *file) {
	struct stat named, open_one, parent;
	char *copy = join(file->path, "", ""), *slash = strrchr(copy, '/');
	const char *reason = NULL;

	if (slash)
		*slash = 0;
	const char *dir = !slash ? "." : *copy ? copy : "/";
	char *real = realpath(dir, NULL);
	if (strstr(file->path, ".."))
		reason = "the path contains ..";
	else if (!real || (*dir == '/' && strcmp(real, dir)))
		reason = "a directory of the path is a symlink";
	else if (lstat(file->path, &named) < 0 || !S_ISREG(named.st_mode))
		reason = "it is no regular file";
	else if (fstat(file->fd, &open_one) < 0 || named.st_dev != open_one.st_dev || named.st_ino != open_one.st_ino)
		reason = "the file was exchanged";
	else if (stat(real, &parent) < 0 || parent.st_mode & S_IWOTH)
		reason = "the directory is writable for everybody";
	else if (parent.st_uid != 0 && parent.st_uid != geteuid())
		reason = "the directory belongs to another user";
	else if (!is_allowed(real))
		reason = "the directory is not on the allow list";
	free(real);
	free(copy);
	return reason;
}

static bool is_allowed(const char *dir) {
	bool allowed = opt.allow_dirs.count == 0;

	for (int i = 0; i < opt.allow_dirs.count && !allowed; i++) {
		char *real = realpath(opt.allow_dirs.items[i], NULL);
		size_t length = real ? strlen(real) : 0;
		allowed = real && !strncmp(dir, real, length) &&
			  (!dir[length] || dir[length] == '/' || real[length - 1] == '/');
		free(real);
	}
	return allowed;
}

static int start_new(const char *path) {
	char *temporary = join(path, ".new", "");

	unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0 || rename(temporary, path) < 0) {
		say(WARN, "Failed to create a new %s: %m", path);
		if (fd >= 0)
			close(fd);
		fd = -1;
		/* The running log is found under its own name again. */
		char *first = join(path, ".1", "");
		if (rename(first, path) < 0)
			say(WARN, "Failed to rename %s back: %m", first);
		free(first);
	}
	free(temporary);
	return fd;
}
