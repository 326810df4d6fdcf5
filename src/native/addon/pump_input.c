/* Copies a stream to an attach socket: a container that does not read must not hold a thread of libuv's pool. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* The largest packet that the monitor takes. */
enum { PACKET_SIZE = 32 * 1024 };

struct pump {
  struct task task;
  int from;
  int socket;
  char buffer[PACKET_SIZE];
};

static void wait_until(int fd, short events) {
  struct pollfd entry = {.fd = fd, .events = events};
  while (poll(&entry, 1, -1) == -1 && errno == EINTR) {
  }
}

/* False when the container takes no more. */
static bool send_packet(const struct pump *pump, size_t length) {
  for (;;) {
    if (send(pump->socket, pump->buffer, length, MSG_NOSIGNAL) != -1) return true;
    if (errno == EAGAIN) wait_until(pump->socket, POLLOUT);
    else if (errno != EINTR) return false;
  }
}

static void run_pump(struct task *task) {
  struct pump *pump = (struct pump *)task;
  for (;;) {
    ssize_t length = read(pump->from, pump->buffer, PACKET_SIZE);
    if (length == -1 && errno == EAGAIN) wait_until(pump->from, POLLIN);
    else if (length == -1 && errno == EINTR) continue;
    else if (length <= 0) break;
    else if (!send_packet(pump, (size_t)length)) return;
  }
  shutdown(pump->socket, SHUT_WR);
}

static void release_pump(struct task *task) {
  struct pump *pump = (struct pump *)task;
  if (pump->from != -1) close(pump->from);
  if (pump->socket != -1) close(pump->socket);
}

napi_value js_pumpInput(napi_env env, napi_callback_info info) {
  struct args args;
  int from, socket;
  if (!read_args(env, info, 2, &args) || !fd_arg(&args, 0, &from) || !fd_arg(&args, 1, &socket)) return NULL;
  struct pump *pump = calloc(1, sizeof *pump);
  if (pump == NULL) return throw_error(env, ENOMEM, "read", NULL);
  /* Duplicates keep the descriptors from being reused for something else while the thread is at work. */
  pump->from = fcntl(from, F_DUPFD_CLOEXEC, 3);
  pump->socket = fcntl(socket, F_DUPFD_CLOEXEC, 3);
  if (pump->from == -1 || pump->socket == -1) {
    int error = errno;
    release_pump(&pump->task);
    free(pump);
    return throw_error(env, error, "read", NULL);
  }
  pump->task.run = run_pump;
  pump->task.release = release_pump;
  pump->task.syscall = "read";
  return start_on_own_thread(env, &pump->task);
}

napi_value js_setCloseOnExec(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &fd)) return NULL;
  return void_result(env, fcntl(fd, F_SETFD, FD_CLOEXEC), "fcntl", NULL);
}
