/*
 * User namespaces kept by a bind mount on a file. The kernel moves no process with several threads into another user namespace,
 * so that a child goes there, and this process looks at it from outside.
 */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "idmap.h"
#include "netns.h"

enum { MAPS_SIZE = 65536 };

struct visitor {
  pid_t pid;
  int channel;
  const char *syscall;
};

/* What the child did, or where it failed. */
struct visit {
  int error;
  char syscall[16];
};

__attribute__((noreturn)) static void visit_and_wait(int channel, int userns, bool own_network) {
  struct visit visit = {0};
  char end;
  if ((userns == -1 ? unshare(CLONE_NEWUSER) : setns(userns, CLONE_NEWUSER)) == -1) {
    visit.error = errno;
    strcpy(visit.syscall, userns == -1 ? "unshare" : "setns");
  } else if (own_network && unshare(CLONE_NEWNET) == -1) {
    visit.error = errno;
    strcpy(visit.syscall, "unshare");
  } else if (own_network && raise_loopback() == -1) {
    visit.error = errno;
    strcpy(visit.syscall, "ioctl");
  }
  if (write(channel, &visit, sizeof visit) == sizeof visit && read(channel, &end, 1) == -1) _exit(1);
  _exit(0);
}

static void end_visit(struct visitor *visitor) {
  kill(visitor->pid, SIGKILL);
  close(visitor->channel);
  while (waitpid(visitor->pid, NULL, 0) == -1 && errno == EINTR) {
  }
}

/* A child in a new user namespace (userns -1) or in that one. 0 or an errno. */
static int start_visit(struct visitor *visitor, int userns, bool own_network) {
  int ends[2];
  struct visit visit;
  visitor->syscall = "socketpair";
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) return errno;
  visitor->syscall = "fork";
  visitor->pid = fork();
  if (visitor->pid == 0) {
    close(ends[0]);
    visit_and_wait(ends[1], userns, own_network);
  }
  int error = errno;
  close(ends[1]);
  visitor->channel = ends[0];
  if (visitor->pid == -1) {
    close(ends[0]);
    return error;
  }
  ssize_t length;
  do length = read(visitor->channel, &visit, sizeof visit);
  while (length == -1 && errno == EINTR);
  if (length == sizeof visit && visit.error == 0) return 0;
  end_visit(visitor);
  visitor->syscall = length == sizeof visit && strcmp(visit.syscall, "setns") == 0 ? "setns" : "unshare";
  return length == sizeof visit ? visit.error : ECHILD;
}

static int write_map(pid_t pid, const char *name, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd == -1) return errno;
  int error = write(fd, text, strlen(text)) == -1 ? errno : 0;
  close(fd);
  return error;
}

static int keep(pid_t pid, const char *type, const char *path) {
  char source[64];
  if (create_mount_point(path) == -1) return errno;
  snprintf(source, sizeof source, "/proc/%d/ns/%s", pid, type);
  if (mount(source, path, "none", MS_BIND, NULL) == 0) return 0;
  int error = errno;
  unlink(path);
  return error;
}

/* 0 or an errno; the child is in a new namespace that has the maps. */
static int start_mapped(struct visitor *visitor, const char *uids, const char *gids) {
  int error = start_visit(visitor, -1, false);
  if (error != 0) return error;
  visitor->syscall = "uid_map";
  error = write_map(visitor->pid, "uid_map", uids);
  if (error == 0) {
    visitor->syscall = "gid_map";
    error = write_map(visitor->pid, "gid_map", gids);
  }
  if (error != 0) end_visit(visitor);
  return error;
}

int open_userns(const char *uids, const char *gids, const char **call) {
  char path[64];
  struct visitor visitor;
  int error = start_mapped(&visitor, uids, gids);
  *call = visitor.syscall;
  if (error == 0) {
    snprintf(path, sizeof path, "/proc/%d/ns/user", visitor.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    error = fd == -1 ? errno : 0;
    end_visit(&visitor);
    if (fd != -1) return fd;
  }
  errno = error;
  return -1;
}

napi_value js_createUserns(napi_env env, napi_callback_info info) {
  struct args args;
  struct visitor visitor;
  char path[PATH_SIZE], uids[PATH_SIZE], gids[PATH_SIZE];
  if (!read_args(env, info, 3, &args) || !path_arg(&args, 0, path) || !text_arg(&args, 1, uids, sizeof uids) ||
      !text_arg(&args, 2, gids, sizeof gids))
    return NULL;
  int error = start_mapped(&visitor, uids, gids);
  if (error != 0) return throw_error(env, error, visitor.syscall, path);
  error = keep(visitor.pid, "user", path);
  end_visit(&visitor);
  return error == 0 ? NULL : throw_error(env, error, "mount", path);
}

napi_value js_createNetnsIn(napi_env env, napi_callback_info info) {
  struct args args;
  struct visitor visitor;
  char path[PATH_SIZE], userns[PATH_SIZE];
  if (!read_args(env, info, 2, &args) || !path_arg(&args, 0, path) || !path_arg(&args, 1, userns)) return NULL;
  int namespace = open(userns, O_RDONLY | O_CLOEXEC);
  if (namespace == -1) return throw_error(env, errno, "open", userns);
  int error = start_visit(&visitor, namespace, true);
  close(namespace);
  if (error != 0) return throw_error(env, error, visitor.syscall, path);
  error = keep(visitor.pid, "net", path);
  end_visit(&visitor);
  return error == 0 ? NULL : throw_error(env, error, "mount", path);
}

static bool read_map(pid_t pid, const char *name, char text[MAPS_SIZE]) {
  char path[64];
  size_t used = 0;
  ssize_t got = 0;
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1) return false;
  while (used < MAPS_SIZE - 1 && (got = read(fd, text + used, MAPS_SIZE - 1 - used)) > 0) used += (size_t)got;
  close(fd);
  text[used] = '\0';
  return got >= 0;
}

/* The numbers outside are those of our own namespace, whatever lies between. */
napi_value js_readUsernsMaps(napi_env env, napi_callback_info info) {
  static char text[2][MAPS_SIZE];
  struct args args;
  struct visitor visitor;
  char userns[PATH_SIZE];
  napi_value result, map;
  if (!read_args(env, info, 1, &args) || !path_arg(&args, 0, userns)) return NULL;
  int namespace = open(userns, O_RDONLY | O_CLOEXEC);
  if (namespace == -1) return throw_error(env, errno, "open", userns);
  int error = start_visit(&visitor, namespace, false);
  close(namespace);
  if (error != 0) return throw_error(env, error, visitor.syscall, userns);
  if (!read_map(visitor.pid, "uid_map", text[0]) || !read_map(visitor.pid, "gid_map", text[1])) error = errno;
  end_visit(&visitor);
  if (error != 0) return throw_error(env, error, "read", userns);
  napi_create_array_with_length(env, 2, &result);
  for (uint32_t i = 0; i < 2; i++) {
    napi_create_string_utf8(env, text[i], NAPI_AUTO_LENGTH, &map);
    napi_set_element(env, result, i, map);
  }
  return result;
}
