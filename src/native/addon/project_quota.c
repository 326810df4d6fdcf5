/* Project quotas of xfs and ext4: what lies below a directory counts together, against limits that the kernel keeps by a number. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_quotactl_fd
#define SYS_quotactl_fd 443
#endif
#ifndef PRJQUOTA
#define PRJQUOTA 2
#endif

enum { QUOTA_BLOCK = 1024 };

static int open_directory(const char *path) { return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); }

static bool project_arg(const struct args *args, size_t index, uint32_t *out) {
  int64_t number;
  if (!int_arg(args, index, &number)) return false;
  if (number < 0 || number > UINT32_MAX) {
    throw_type(args->env, "a project must be a 32-bit number");
    return false;
  }
  *out = (uint32_t)number;
  return true;
}

/* (path, project): what is made in the directory from now on belongs to the project; 0: to none. */
napi_value js_setProject(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE];
  uint32_t project;
  if (!read_args(env, info, 2, &args) || !path_arg(&args, 0, path) || !project_arg(&args, 1, &project)) return NULL;
  int fd = open_directory(path);
  if (fd == -1) return throw_error(env, errno, "open", path);
  struct fsxattr attributes;
  int result = ioctl(fd, FS_IOC_FSGETXATTR, &attributes);
  if (result == 0) {
    attributes.fsx_projid = project;
    if (project == 0) attributes.fsx_xflags &= ~(uint32_t)FS_XFLAG_PROJINHERIT;
    else attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    result = ioctl(fd, FS_IOC_FSSETXATTR, &attributes);
  }
  int error = errno;
  close(fd);
  return result == -1 ? throw_error(env, error, "setproject", path) : NULL;
}

/* (path): the project of the directory, 0: none. */
napi_value js_projectOf(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE];
  if (!read_args(env, info, 1, &args) || !path_arg(&args, 0, path)) return NULL;
  int fd = open_directory(path);
  if (fd == -1) return throw_error(env, errno, "open", path);
  struct fsxattr attributes;
  int result = ioctl(fd, FS_IOC_FSGETXATTR, &attributes);
  int error = errno;
  close(fd);
  if (result == -1) return throw_error(env, error, "getproject", path);
  napi_value value;
  return napi_create_uint32(env, attributes.fsx_projid, &value) == napi_ok ? value : NULL;
}

/* (path, project, bytes, inodes): on the file system of the directory; 0: no limit. */
napi_value js_setProjectLimits(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE];
  uint32_t project;
  int64_t bytes, inodes;
  if (!read_args(env, info, 4, &args) || !path_arg(&args, 0, path) || !project_arg(&args, 1, &project) ||
      !int_arg(&args, 2, &bytes) || !int_arg(&args, 3, &inodes))
    return NULL;
  if (bytes < 0 || inodes < 0) return throw_type(env, "a limit must not be negative");
  int fd = open_directory(path);
  if (fd == -1) return throw_error(env, errno, "open", path);
  uint64_t blocks = ((uint64_t)bytes + QUOTA_BLOCK - 1) / QUOTA_BLOCK;
  struct if_dqblk limits = {.dqb_bhardlimit = blocks,
                            .dqb_bsoftlimit = blocks,
                            .dqb_ihardlimit = (uint64_t)inodes,
                            .dqb_isoftlimit = (uint64_t)inodes,
                            .dqb_valid = QIF_LIMITS};
  long result = syscall(SYS_quotactl_fd, fd, QCMD(Q_SETQUOTA, PRJQUOTA), project, &limits);
  int error = errno;
  close(fd);
  return result == -1 ? throw_error(env, error, "quotactl", path) : NULL;
}

/* (path, project): whether the kernel knows neither limits nor files of it. */
napi_value js_isProjectFree(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE];
  uint32_t project;
  if (!read_args(env, info, 2, &args) || !path_arg(&args, 0, path) || !project_arg(&args, 1, &project)) return NULL;
  int fd = open_directory(path);
  if (fd == -1) return throw_error(env, errno, "open", path);
  struct if_dqblk state = {0};
  long result = syscall(SYS_quotactl_fd, fd, QCMD(Q_GETQUOTA, PRJQUOTA), project, &state);
  int error = errno;
  close(fd);
  if (result == -1 && error == ENOENT) return bool_value(env, true);
  if (result == -1) return throw_error(env, error, "quotactl", path);
  return bool_value(env, state.dqb_bhardlimit == 0 && state.dqb_ihardlimit == 0 && state.dqb_curspace == 0 &&
                             state.dqb_curinodes == 0);
}
