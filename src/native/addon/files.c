/* File system calls relative to a directory descriptor. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { NR_OPENAT2 = 437, NR_FCHMODAT2 = 452 };

napi_value js_openat2(napi_env env, napi_callback_info info) {
  struct args args;
  struct {
    uint64_t flags, mode, resolve;
  } how;
  int dir;
  char path[PATH_SIZE];
  int64_t flags, mode, resolve;
  if (!read_args(env, info, 5, &args) || !fd_arg(&args, 0, &dir) || !path_arg(&args, 1, path) ||
      !int_arg(&args, 2, &flags) || !int_arg(&args, 3, &mode) || !int_arg(&args, 4, &resolve))
    return NULL;
  how.flags = (uint64_t)flags | O_CLOEXEC;
  /* The kernel refuses a mode where nothing is created. */
  how.mode = flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? (uint64_t)mode : 0;
  how.resolve = (uint64_t)resolve;
  long fd;
  /* EAGAIN: a rename ran meanwhile and the kernel could not be sure that the path stays inside. */
  int attempts = 0;
  do fd = syscall(NR_OPENAT2, dir, path, &how, sizeof how);
  while (fd == -1 && (errno == EAGAIN || errno == EINTR) && ++attempts < 100);
  return int_result(env, fd, "openat2", path);
}

napi_value js_mkdirat(napi_env env, napi_callback_info info) {
  struct args args;
  int dir;
  char name[PATH_SIZE];
  int64_t mode;
  if (!read_args(env, info, 3, &args) || !fd_arg(&args, 0, &dir) || !path_arg(&args, 1, name) || !int_arg(&args, 2, &mode))
    return NULL;
  return void_result(env, mkdirat(dir, name, (mode_t)mode), "mkdirat", name);
}

napi_value js_mknodat(napi_env env, napi_callback_info info) {
  struct args args;
  int dir;
  char name[PATH_SIZE];
  int64_t mode, major_number, minor_number;
  if (!read_args(env, info, 5, &args) || !fd_arg(&args, 0, &dir) || !path_arg(&args, 1, name) ||
      !int_arg(&args, 2, &mode) || !int_arg(&args, 3, &major_number) || !int_arg(&args, 4, &minor_number))
    return NULL;
  dev_t device = makedev((unsigned)major_number, (unsigned)minor_number);
  return void_result(env, mknodat(dir, name, (mode_t)mode, device), "mknodat", name);
}

napi_value js_symlinkat(napi_env env, napi_callback_info info) {
  struct args args;
  int dir;
  char target[PATH_SIZE], name[PATH_SIZE];
  if (!read_args(env, info, 3, &args) || !path_arg(&args, 0, target) || !fd_arg(&args, 1, &dir) || !path_arg(&args, 2, name))
    return NULL;
  if (symlinkat(target, dir, name) == -1) return throw_error2(env, errno, "symlinkat", target, name);
  return NULL;
}

struct two_names {
  int old_dir, new_dir;
  char old_name[PATH_SIZE], new_name[PATH_SIZE];
  int64_t flags;
};

static bool read_two_names(napi_env env, napi_callback_info info, struct two_names *names) {
  struct args args;
  return read_args(env, info, 5, &args) && fd_arg(&args, 0, &names->old_dir) && path_arg(&args, 1, names->old_name) &&
         fd_arg(&args, 2, &names->new_dir) && path_arg(&args, 3, names->new_name) && int_arg(&args, 4, &names->flags);
}

napi_value js_linkat(napi_env env, napi_callback_info info) {
  struct two_names n;
  if (!read_two_names(env, info, &n)) return NULL;
  if (linkat(n.old_dir, n.old_name, n.new_dir, n.new_name, (int)n.flags) == -1)
    return throw_error2(env, errno, "linkat", n.old_name, n.new_name);
  return NULL;
}

napi_value js_renameat2(napi_env env, napi_callback_info info) {
  struct two_names n;
  if (!read_two_names(env, info, &n)) return NULL;
  if (syscall(SYS_renameat2, n.old_dir, n.old_name, n.new_dir, n.new_name, (unsigned)n.flags) == -1)
    return throw_error2(env, errno, "renameat2", n.old_name, n.new_name);
  return NULL;
}

napi_value js_unlinkat(napi_env env, napi_callback_info info) {
  struct args args;
  int dir;
  char name[PATH_SIZE];
  int64_t flags;
  if (!read_args(env, info, 3, &args) || !fd_arg(&args, 0, &dir) || !path_arg(&args, 1, name) || !int_arg(&args, 2, &flags))
    return NULL;
  return void_result(env, unlinkat(dir, name, (int)flags), "unlinkat", name);
}

napi_value js_readlinkat(napi_env env, napi_callback_info info) {
  struct args args;
  int dir;
  char name[PATH_SIZE], target[PATH_SIZE];
  if (!read_args(env, info, 2, &args) || !fd_arg(&args, 0, &dir) || !path_arg(&args, 1, name)) return NULL;
  ssize_t length = readlinkat(dir, name, target, sizeof target);
  if (length == -1) return throw_error(env, errno, "readlinkat", name);
  napi_value result;
  if (napi_create_buffer_copy(env, (size_t)length, target, NULL, &result) != napi_ok)
    return throw_error(env, ENOMEM, "readlinkat", name);
  return result;
}

napi_value js_fchownat(napi_env env, napi_callback_info info) {
  struct args args;
  int dir;
  char name[PATH_SIZE];
  int64_t uid, gid, flags;
  if (!read_args(env, info, 5, &args) || !fd_arg(&args, 0, &dir) || !path_arg(&args, 1, name) ||
      !int_arg(&args, 2, &uid) || !int_arg(&args, 3, &gid) || !int_arg(&args, 4, &flags))
    return NULL;
  return void_result(env, fchownat(dir, name, (uid_t)uid, (gid_t)gid, (int)flags), "fchownat", name);
}

/* For kernels without fchmodat2 (before 6.6): through a descriptor that pins the object and cannot be a link. */
static int change_mode_pinned(int dir, const char *name, mode_t mode) {
  struct stat status;
  char path[40];
  int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1) return -1;
  int result = fstat(fd, &status);
  if (result == 0 && S_ISLNK(status.st_mode)) {
    errno = EOPNOTSUPP;
    result = -1;
  } else if (result == 0) {
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    result = chmod(path, mode);
  }
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

napi_value js_fchmodat(napi_env env, napi_callback_info info) {
  struct args args;
  int dir;
  char name[PATH_SIZE];
  int64_t mode;
  if (!read_args(env, info, 3, &args) || !fd_arg(&args, 0, &dir) || !path_arg(&args, 1, name) || !int_arg(&args, 2, &mode))
    return NULL;
  long result = syscall(NR_FCHMODAT2, dir, name, (mode_t)mode, AT_SYMLINK_NOFOLLOW);
  if (result == -1 && errno == ENOSYS) result = change_mode_pinned(dir, name, (mode_t)mode);
  return void_result(env, result, "fchmodat", name);
}

static bool time_property(napi_env env, napi_value object, const char *key, int64_t *out) {
  napi_value value;
  if (napi_get_named_property(env, object, key, &value) == napi_ok && napi_get_value_int64(env, value, out) == napi_ok)
    return true;
  throw_type(env, "times must be an object of numbers");
  return false;
}

napi_value js_utimensat(napi_env env, napi_callback_info info) {
  struct args args;
  int dir;
  char name[PATH_SIZE];
  int64_t flags, t[4];
  if (!read_args(env, info, 4, &args) || !fd_arg(&args, 0, &dir) || !path_arg(&args, 1, name) ||
      !time_property(env, args.value[2], "atimeSec", &t[0]) || !time_property(env, args.value[2], "atimeNsec", &t[1]) ||
      !time_property(env, args.value[2], "mtimeSec", &t[2]) || !time_property(env, args.value[2], "mtimeNsec", &t[3]) ||
      !int_arg(&args, 3, &flags))
    return NULL;
  struct timespec times[2] = {{.tv_sec = t[0], .tv_nsec = t[1]}, {.tv_sec = t[2], .tv_nsec = t[3]}};
  return void_result(env, utimensat(dir, name, times, (int)flags), "utimensat", name);
}

/* Fills a caller's ArrayBuffer (2 × uint64, then 12 × double): building objects here costs several times the call itself. */
napi_value js_lstatat(napi_env env, napi_callback_info info) {
  struct args args;
  struct stat s;
  int dir;
  char name[PATH_SIZE];
  void *data;
  size_t length;
  if (!read_args(env, info, 3, &args) || !fd_arg(&args, 0, &dir) || !path_arg(&args, 1, name)) return NULL;
  if (napi_get_arraybuffer_info(env, args.value[2], &data, &length) != napi_ok || length < 14 * 8)
    return throw_type(env, "argument 3 must be an ArrayBuffer of 112 bytes");
  if (fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW | (name[0] ? 0 : AT_EMPTY_PATH)) == -1) {
    if (errno == ENOENT) return bool_value(env, false);
    return throw_error(env, errno, "lstat", name);
  }
  uint64_t *exact = data;
  double *number = (double *)data + 2;
  exact[0] = s.st_dev;
  exact[1] = s.st_ino;
  const double values[12] = {
      (double)s.st_mode,           (double)s.st_nlink,         (double)s.st_uid,         (double)s.st_gid,
      (double)major(s.st_rdev),    (double)minor(s.st_rdev),   (double)s.st_size,        (double)s.st_blocks,
      (double)s.st_mtim.tv_sec,    (double)s.st_mtim.tv_nsec,  (double)s.st_ctim.tv_sec, (double)s.st_ctim.tv_nsec,
  };
  for (size_t i = 0; i < 12; i++) number[i] = values[i];
  return bool_value(env, true);
}

napi_value js_statfsType(napi_env env, napi_callback_info info) {
  struct args args;
  struct statfs status;
  char path[PATH_SIZE];
  if (!read_args(env, info, 1, &args) || !path_arg(&args, 0, path)) return NULL;
  if (statfs(path, &status) == -1) return throw_error(env, errno, "statfs", path);
  napi_value value;
  napi_create_uint32(env, (uint32_t)status.f_type, &value);
  return value;
}

napi_value js_isatty(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &fd)) return NULL;
  return bool_value(env, isatty(fd) == 1);
}

napi_value js_punchHole(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  int64_t offset, length;
  if (!read_args(env, info, 3, &args) || !fd_arg(&args, 0, &fd) || !int_arg(&args, 1, &offset) || !int_arg(&args, 2, &length))
    return NULL;
  const int result = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
  if (result == -1 && errno != EOPNOTSUPP && errno != ENOSYS) return throw_error(env, errno, "fallocate", NULL);
  return bool_value(env, result == 0);
}
