/* Unix sockets of packets, which Node's net module does not know. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* A stopped peer with a full backlog must not hold the JavaScript thread for ever. */
static const struct timeval CONNECT_LIMIT = {.tv_sec = 10};

static int connect_by_descriptor(int fd, int object) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const struct timeval none = {0};
  snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", object);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &CONNECT_LIMIT, sizeof CONNECT_LIMIT) == -1) return -1;
  int result;
  do result = connect(fd, (struct sockaddr *)&address, sizeof address);
  while (result == -1 && errno == EINTR);
  if (result == -1) {
    if (errno == EAGAIN) errno = ETIMEDOUT;
    return -1;
  }
  return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
}

napi_value js_connectSeqpacket(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE];
  if (!read_args(env, info, 1, &args) || !path_arg(&args, 0, path)) return NULL;
  int object = open(path, O_PATH | O_CLOEXEC);
  if (object == -1) return throw_error(env, errno, "connect", path);
  int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  int result = fd == -1 ? -1 : connect_by_descriptor(fd, object);
  int error = errno;
  close(object);
  if (result == 0) return int_result(env, fd, "connect", path);
  if (fd != -1) close(fd);
  return throw_error(env, error, "connect", path);
}

static napi_value shut_down(napi_env env, napi_callback_info info, int how) {
  struct args args;
  int fd;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &fd)) return NULL;
  return void_result(env, shutdown(fd, how), "shutdown", NULL);
}

napi_value js_shutdownWrite(napi_env env, napi_callback_info info) { return shut_down(env, info, SHUT_WR); }

napi_value js_shutdownBoth(napi_env env, napi_callback_info info) { return shut_down(env, info, SHUT_RDWR); }

napi_value js_isHungUp(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  napi_value result;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &fd)) return NULL;
  /* Told without being asked for. */
  struct pollfd entry = {.fd = fd, .events = 0};
  bool gone = poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
  return napi_get_boolean(env, gone, &result) == napi_ok ? result : NULL;
}
