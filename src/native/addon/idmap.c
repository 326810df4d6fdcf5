/* Mounts that show other owners than the disk has. */
#include "idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same numbers on every architecture; older headers lack them. */
enum { NR_OPEN_TREE = 428, NR_MOVE_MOUNT = 429, NR_MOUNT_SETATTR = 442 };
enum { TREE_CLONE = 1, TREE_CLOEXEC = O_CLOEXEC, ATTR_IDMAP = 0x00100000, EMPTY_PATH = 0x1000, MOVE_EMPTY_SOURCE = 4 };

struct mount_attributes {
  uint64_t set, clear, propagation, userns_fd;
};

int clone_mount(const char *source) {
  return (int)syscall(NR_OPEN_TREE, AT_FDCWD, source, TREE_CLONE | TREE_CLOEXEC);
}

int clone_idmapped(const char *source, int userns) {
  int tree = clone_mount(source);
  if (tree == -1) return -1;
  struct mount_attributes attributes = {.set = ATTR_IDMAP, .userns_fd = (uint64_t)userns};
  if (syscall(NR_MOUNT_SETATTR, tree, "", EMPTY_PATH, &attributes, sizeof attributes) == 0) return tree;
  int error = errno;
  close(tree);
  errno = error;
  return -1;
}

int attach_mount(int tree, const char *target) {
  return (int)syscall(NR_MOVE_MOUNT, tree, "", AT_FDCWD, target, MOVE_EMPTY_SOURCE);
}

napi_value js_bindIdmapped(napi_env env, napi_callback_info info) {
  struct args args;
  const char *call;
  char source[PATH_SIZE], target[PATH_SIZE], uids[PATH_SIZE], gids[PATH_SIZE];
  if (!read_args(env, info, 4, &args) || !path_arg(&args, 0, source) || !path_arg(&args, 1, target) ||
      !text_arg(&args, 2, uids, sizeof uids) || !text_arg(&args, 3, gids, sizeof gids))
    return NULL;
  int namespace = open_userns(uids, gids, &call);
  if (namespace == -1) return throw_error(env, errno, call, source);
  int tree = clone_idmapped(source, namespace);
  int error = tree == -1 || attach_mount(tree, target) == -1 ? errno : 0;
  if (tree != -1) close(tree);
  close(namespace);
  return error == 0 ? NULL : throw_error2(env, error, "mount_setattr", source, target);
}
