/* Namespaces kept alive by a bind mount on a file. */
#include "addon.h"
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

struct netns {
  const char *path;
  const char *syscall;
  int error;
};

int raise_loopback(void) {
  struct ifreq request = {.ifr_name = "lo"};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd == -1) return -1;
  int result = ioctl(fd, SIOCGIFFLAGS, &request);
  if (result == 0) {
    request.ifr_flags |= IFF_UP | IFF_RUNNING;
    result = ioctl(fd, SIOCSIFFLAGS, &request);
  }
  int error = errno;
  close(fd);
  errno = error;
  return result;
}

/* unshare(CLONE_NEWNET) moves the calling thread only, and this thread ends here: the process stays where it was. */
static void *netns_thread(void *data) {
  struct netns *netns = data;
  netns->syscall = "unshare";
  if (unshare(CLONE_NEWNET) == -1) netns->error = errno;
  else if (netns->syscall = "ioctl", raise_loopback() == -1) netns->error = errno;
  else if (netns->syscall = "mount", mount("/proc/thread-self/ns/net", netns->path, "none", MS_BIND, NULL) == -1)
    netns->error = errno;
  return NULL;
}

int create_mount_point(const char *path) {
  int fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
  if (fd == -1) return -1;
  close(fd);
  return 0;
}

napi_value js_createNetns(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE];
  if (!read_args(env, info, 1, &args) || !path_arg(&args, 0, path)) return NULL;
  if (create_mount_point(path) == -1) return throw_error(env, errno, "open", path);
  struct netns netns = {.path = path};
  int error = run_on_thread(netns_thread, &netns);
  if (error == 0 && netns.error == 0) return NULL;
  unlink(path);
  return error != 0 ? throw_error(env, error, "pthread_create", path) : throw_error(env, netns.error, netns.syscall, path);
}

napi_value js_bindNamespace(napi_env env, napi_callback_info info) {
  struct args args;
  char type[16], path[PATH_SIZE], source[64];
  int64_t pid;
  if (!read_args(env, info, 3, &args) || !int_arg(&args, 0, &pid) || !text_arg(&args, 1, type, sizeof type) ||
      !path_arg(&args, 2, path))
    return NULL;
  if (type[0] == '\0' || strchr(type, '/') != NULL) return throw_type(env, "not a namespace type");
  snprintf(source, sizeof source, "/proc/%lld/ns/%s", (long long)pid, type);
  if (create_mount_point(path) == -1) return throw_error(env, errno, "open", path);
  if (mount(source, path, "none", MS_BIND, NULL) == 0) return NULL;
  int error = errno;
  unlink(path);
  return throw_error2(env, error, "mount", source, path);
}
