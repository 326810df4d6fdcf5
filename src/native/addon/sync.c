/* Flushing a file system. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct sync_task {
  struct task task;
  int fd;
};

napi_value js_syncfs(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &fd)) return NULL;
  return void_result(env, syncfs(fd), "syncfs", NULL);
}

static void run_sync(struct task *task) {
  if (syncfs(((struct sync_task *)task)->fd) == -1) task->error = errno;
}

static void release_sync(struct task *task) { close(((struct sync_task *)task)->fd); }

napi_value js_syncfsAsync(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &fd)) return NULL;
  struct sync_task *task = calloc(1, sizeof *task);
  if (task == NULL) return throw_error(env, ENOMEM, "syncfs", NULL);
  task->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (task->fd == -1) {
    int error = errno;
    free(task);
    return throw_error(env, error, "syncfs", NULL);
  }
  task->task.run = run_sync;
  task->task.release = release_sync;
  task->task.syscall = "syncfs";
  return start_on_pool(env, &task->task);
}
