/*
 * Removing a directory tree: beneath descriptors only, so that no exchange of a directory for a link leads outside, and
 * never across a mount point. Goes on after a failure and reports the first one. Any depth is handled with few descriptors:
 * what lies too deep is moved up to the top directory first.
 */
#include "addon.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NR_OPENAT2 = 437, MAX_DEPTH = 100 };

struct walk {
  int top;
  unsigned int moved;
  int error;
  char *failed;
};

/* One directory on the way down; names the path in reports. */
struct level {
  const struct level *parent;
  const char *name;
  int fd;
  int depth;
};

static int empty_directory(struct walk *walk, struct level *level);

static void write_path(const struct level *level, char out[PATH_SIZE]) {
  if (level->parent != NULL) {
    write_path(level->parent, out);
    strncat(out, "/", PATH_SIZE - 1 - strlen(out));
  }
  strncat(out, level->name, PATH_SIZE - 1 - strlen(out));
}

static int note_failure(struct walk *walk, const struct level *level, const char *name, int error) {
  if (walk->error != 0) return -1;
  walk->error = error;
  walk->failed[0] = '\0';
  const struct level leaf = {.parent = level, .name = name};
  write_path(&leaf, walk->failed);
  return -1;
}

static dev_t device_of(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? status.st_dev : 0;
}

/* EXDEV at a mount point. Kernels before 5.6 notice only mounts of another file system; unlinking is EBUSY there anyway. */
static int open_directory(int parent, const char *name) {
  const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
  struct {
    uint64_t flags, mode, resolve;
  } how = {.flags = (uint64_t)flags, .resolve = 0x01};
  int fd = (int)syscall(NR_OPENAT2, parent, name, &how, sizeof how);
  if (fd != -1 || (errno != ENOSYS && errno != EPERM)) return fd;
  fd = openat(parent, name, flags);
  if (fd != -1 && device_of(fd) != device_of(parent)) {
    close(fd);
    errno = EXDEV;
    return -1;
  }
  return fd;
}

/* Not by its name, which may have become a link to somebody else's by now. */
static bool make_accessible(int parent, const char *name) {
  char path[40];
  int fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1) return false;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  bool done = chmod(path, 0700) == 0;
  close(fd);
  return done;
}

static int open_for_removal(int parent, const char *name) {
  int fd = open_directory(parent, name);
  if (fd == -1 && errno == EACCES && make_accessible(parent, name)) fd = open_directory(parent, name);
  return fd;
}

/* Too deep: give it a new name directly beneath the top, where a later pass finds it. */
static int move_up(struct walk *walk, const struct level *level, const char *name) {
  char fresh[64];
  for (int attempt = 0; attempt < 1000; attempt++) {
    snprintf(fresh, sizeof fresh, ".tspod-deep-%d-%u", getpid(), walk->moved++);
    if (syscall(SYS_renameat2, level->fd, name, walk->top, fresh, 1) == 0) return 0;
    if (errno != EEXIST) break;
  }
  return note_failure(walk, level, name, errno);
}

static int remove_directory(struct walk *walk, struct level *level, const char *name) {
  if (level->depth >= MAX_DEPTH) return move_up(walk, level, name);
  struct level next = {.parent = level, .name = name, .depth = level->depth + 1};
  next.fd = open_for_removal(level->fd, name);
  if (next.fd == -1) return errno == ENOENT ? 0 : note_failure(walk, level, name, errno);
  int result = empty_directory(walk, &next);
  if (unlinkat(level->fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  return result == -1 ? -1 : note_failure(walk, level, name, errno);
}

static int remove_entry(struct walk *walk, struct level *level, const struct dirent *entry) {
  if (entry->d_type == DT_DIR) return remove_directory(walk, level, entry->d_name);
  if (unlinkat(level->fd, entry->d_name, 0) == 0 || errno == ENOENT) return 0;
  if (errno == EISDIR) return remove_directory(walk, level, entry->d_name);
  if (errno == EACCES && fchmod(level->fd, 0700) == 0 && unlinkat(level->fd, entry->d_name, 0) == 0) return 0;
  return note_failure(walk, level, entry->d_name, errno);
}

/* Takes over level->fd. Reads again until a whole pass finds nothing: some file systems skip entries while they shrink. */
static int empty_directory(struct walk *walk, struct level *level) {
  DIR *stream = fdopendir(level->fd);
  if (stream == NULL) {
    int error = errno;
    close(level->fd);
    return note_failure(walk, level->parent, level->name, error);
  }
  int result = 0;
  bool removed;
  do {
    removed = false;
    const struct dirent *entry;
    rewinddir(stream);
    while ((entry = readdir(stream)) != NULL) {
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      if (remove_entry(walk, level, entry) == 0) removed = true;
      else result = -1;
    }
  } while (removed && result == 0);
  closedir(stream);
  return result;
}

/* Opens the directory that holds the last component; `name` then points at that component. */
static int open_parent(int directory, char *path, char **name) {
  size_t length = strlen(path);
  while (length > 1 && path[length - 1] == '/') path[--length] = '\0';
  char *slash = strrchr(path, '/');
  *name = slash != NULL ? slash + 1 : path;
  if ((*name)[0] == '\0' || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0) {
    errno = EINVAL;
    return -1;
  }
  const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  if (slash == NULL) return openat(directory, ".", flags);
  if (slash == path) return open("/", flags);
  *slash = '\0';
  return openat(directory, path, flags);
}

int remove_tree(int directory, const char *path, char failed[PATH_SIZE]) {
  char copy[PATH_SIZE], *name;
  snprintf(copy, sizeof copy, "%s", path);
  snprintf(failed, PATH_SIZE, "%s", path);
  int parent = open_parent(directory, copy, &name);
  if (parent == -1) return errno == ENOENT ? 0 : errno;
  struct walk walk = {.failed = failed};
  if (unlinkat(parent, name, 0) == -1 && errno != ENOENT) {
    if (errno != EISDIR && errno != EPERM) {
      walk.error = errno;
    } else {
      walk.top = open_for_removal(parent, name);
      struct level root = {.name = path, .depth = 1, .fd = walk.top == -1 ? -1 : dup(walk.top)};
      if (walk.top == -1) walk.error = errno == ENOENT ? 0 : errno;
      else if (root.fd == -1) walk.error = errno;
      else empty_directory(&walk, &root);
      if (walk.top != -1 && walk.error == 0 && unlinkat(parent, name, AT_REMOVEDIR) == -1 && errno != ENOENT)
        walk.error = errno;
      if (walk.top != -1) close(walk.top);
    }
  }
  close(parent);
  return walk.error;
}

napi_value js_removeTreeAt(napi_env env, napi_callback_info info) {
  struct args args;
  int dir;
  char name[PATH_SIZE], failed[PATH_SIZE];
  if (!read_args(env, info, 2, &args) || !fd_arg(&args, 0, &dir) || !path_arg(&args, 1, name)) return NULL;
  int error = remove_tree(dir, name, failed);
  return error == 0 ? NULL : throw_error(env, error, "unlinkat", failed);
}

static void run_remove_tree(struct task *task) {
  char failed[PATH_SIZE];
  task->error = remove_tree(AT_FDCWD, task->path, failed);
  if (task->error == 0) return;
  char *copy = strdup(failed);
  if (copy == NULL) return;
  free(task->path);
  task->path = copy;
}

napi_value js_removeTree(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE];
  if (!read_args(env, info, 1, &args) || !path_arg(&args, 0, path)) return NULL;
  struct task *task = calloc(1, sizeof *task);
  if (task == NULL || (task->path = strdup(path)) == NULL) {
    free(task);
    return throw_error(env, ENOMEM, "unlinkat", path);
  }
  task->run = run_remove_tree;
  task->syscall = "unlinkat";
  return start_on_pool(env, task);
}
