/*
 * Open file description locks. The kernel queues waiters, so a released lock is taken at once; the time limit is a timer
 * that interrupts the waiting thread with a signal that nobody else uses.
 */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

struct lock_task {
  struct task task;
  int fd;
  short type;
  int64_t timeout_ms;
};

static int wake_signal(void) { return SIGRTMIN + 5; }

static void ignore(int number) { (void)number; }

static void install_wake_handler(void) {
  struct sigaction action = {.sa_handler = ignore};
  sigaction(wake_signal(), &action, NULL);
}

static int set_lock(int fd, int command, short type) {
  struct flock whole = {.l_type = type, .l_whence = SEEK_SET};
  return fcntl(fd, command, &whole);
}

static bool read_mode(const struct args *args, size_t index, short *type) {
  char mode[16];
  if (!text_arg(args, index, mode, sizeof mode)) return false;
  if (strcmp(mode, "shared") == 0) *type = F_RDLCK;
  else if (strcmp(mode, "exclusive") == 0) *type = F_WRLCK;
  else return throw_type(args->env, "a lock mode is 'shared' or 'exclusive'"), false;
  return true;
}

napi_value js_tryLock(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  short type;
  if (!read_args(env, info, 2, &args) || !fd_arg(&args, 0, &fd) || !read_mode(&args, 1, &type)) return NULL;
  if (set_lock(fd, F_OFD_SETLK, type) == 0) return bool_value(env, true);
  if (errno == EAGAIN || errno == EACCES) return bool_value(env, false);
  return throw_error(env, errno, "fcntl", NULL);
}

napi_value js_unlock(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &fd)) return NULL;
  return void_result(env, set_lock(fd, F_OFD_SETLK, F_UNLCK), "fcntl", NULL);
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Fires at the end of the time, then every 5 ms: one signal could come just before the wait begins. */
static int start_timer(timer_t *timer, int64_t timeout_ms) {
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = wake_signal()};
  event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
  if (timer_create(CLOCK_MONOTONIC, &event, timer) == -1) return -1;
  struct itimerspec when = {
      .it_value = {.tv_sec = timeout_ms / 1000, .tv_nsec = (timeout_ms % 1000) * 1000000 + 1},
      .it_interval = {.tv_nsec = 5000000},
  };
  return timer_settime(*timer, 0, &when, NULL);
}

static void run_lock(struct task *base) {
  struct lock_task *task = (struct lock_task *)base;
  timer_t timer;
  sigset_t wake;
  const int64_t end = now_ms() + task->timeout_ms;
  if (start_timer(&timer, task->timeout_ms) == -1) {
    base->error = errno;
    return;
  }
  sigemptyset(&wake);
  sigaddset(&wake, wake_signal());
  pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
  int result;
  do result = set_lock(task->fd, F_OFD_SETLKW, task->type);
  while (result == -1 && errno == EINTR && now_ms() < end);
  int error = errno;
  pthread_sigmask(SIG_BLOCK, &wake, NULL);
  timer_delete(timer);
  base->answer = result == 0;
  if (result == -1 && error != EINTR) base->error = error;
}

static void release_lock(struct task *task) { close(((struct lock_task *)task)->fd); }

napi_value js_lock(napi_env env, napi_callback_info info) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  struct args args;
  int fd;
  short type;
  int64_t timeout;
  if (!read_args(env, info, 3, &args) || !fd_arg(&args, 0, &fd) || !read_mode(&args, 1, &type) || !int_arg(&args, 2, &timeout))
    return NULL;
  pthread_once(&once, install_wake_handler);
  struct lock_task *task = calloc(1, sizeof *task);
  if (task == NULL) return throw_error(env, ENOMEM, "fcntl", NULL);
  /* A duplicate shares the description, hence the lock, and survives a close during the wait. */
  task->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (task->fd == -1) {
    int error = errno;
    free(task);
    return throw_error(env, error, "fcntl", NULL);
  }
  task->type = type;
  task->timeout_ms = timeout < 0 ? 0 : timeout;
  task->task.run = run_lock;
  task->task.result = task_answer;
  task->task.release = release_lock;
  task->task.syscall = "fcntl";
  return start_on_own_thread(env, &task->task);
}
