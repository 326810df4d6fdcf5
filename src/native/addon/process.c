/* Processes by descriptor: no pid can be reused behind our back. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { NR_PIDFD_SEND_SIGNAL = 424, NR_PIDFD_OPEN = 434 };

struct wait_task {
  struct task task;
  int pidfd;
  int64_t timeout_ms;
};

napi_value js_pidfdOpen(napi_env env, napi_callback_info info) {
  struct args args;
  int pid;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &pid)) return NULL;
  return int_result(env, syscall(NR_PIDFD_OPEN, pid, 0), "pidfd_open", NULL);
}

napi_value js_pidfdSendSignal(napi_env env, napi_callback_info info) {
  struct args args;
  int pidfd, number;
  if (!read_args(env, info, 2, &args) || !fd_arg(&args, 0, &pidfd) || !fd_arg(&args, 1, &number)) return NULL;
  return void_result(env, syscall(NR_PIDFD_SEND_SIGNAL, pidfd, number, NULL, 0), "pidfd_send_signal", NULL);
}

napi_value js_getpgid(napi_env env, napi_callback_info info) {
  struct args args;
  int pid;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &pid)) return NULL;
  return int_result(env, getpgid(pid), "getpgid", NULL);
}

static void run_wait(struct task *base) {
  struct wait_task *task = (struct wait_task *)base;
  struct pollfd entry = {.fd = task->pidfd, .events = POLLIN};
  struct timespec start, now;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (;;) {
    int64_t left = task->timeout_ms;
    if (left >= 0) {
      clock_gettime(CLOCK_MONOTONIC, &now);
      left -= (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
      if (left < 0) left = 0;
    }
    int result = poll(&entry, 1, left < 0 ? -1 : left > INT_MAX ? INT_MAX : (int)left);
    if (result == -1 && errno == EINTR) continue;
    if (result == -1) base->error = errno;
    if (result == 0 && left > INT_MAX) continue;
    base->answer = result == 1;
    return;
  }
}

static void release_wait(struct task *task) { close(((struct wait_task *)task)->pidfd); }

napi_value js_pidfdWait(napi_env env, napi_callback_info info) {
  struct args args;
  int pidfd;
  int64_t timeout;
  if (!read_args(env, info, 2, &args) || !fd_arg(&args, 0, &pidfd) || !int_arg(&args, 1, &timeout)) return NULL;
  struct wait_task *task = calloc(1, sizeof *task);
  if (task == NULL) return throw_error(env, ENOMEM, "poll", NULL);
  task->pidfd = fcntl(pidfd, F_DUPFD_CLOEXEC, 3);
  if (task->pidfd == -1) {
    int error = errno;
    free(task);
    return throw_error(env, error, "poll", NULL);
  }
  task->timeout_ms = timeout;
  task->task.run = run_wait;
  task->task.result = task_answer;
  task->task.release = release_wait;
  task->task.syscall = "poll";
  return start_on_own_thread(env, &task->task);
}
