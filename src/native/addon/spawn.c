/*
 * Starting a program without libuv: vfork instead of fork (no copy of a large process's page tables), exactly the
 * descriptors that are named, and none of the JavaScript that child_process brings along.
 */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_FDS = 1024, WORD_SIZE = 128 * 1024 };

struct words {
  char **list;
  uint32_t count;
};

static void free_words(struct words *words) {
  for (uint32_t i = 0; words->list != NULL && i < words->count; i++) free(words->list[i]);
  free(words->list);
}

/* An array of strings, each without NUL bytes. False after it has thrown. */
static bool read_words(napi_env env, napi_value array, struct words *words) {
  char *text = malloc(WORD_SIZE);
  words->count = 0;
  words->list = NULL;
  if (text == NULL || napi_get_array_length(env, array, &words->count) != napi_ok ||
      (words->list = calloc(words->count + 1, sizeof *words->list)) == NULL) {
    free(text);
    throw_type(env, "expected an array of strings");
    return false;
  }
  for (uint32_t i = 0; i < words->count; i++) {
    napi_value value;
    if (napi_get_element(env, array, i, &value) != napi_ok || !text_value(env, value, text, WORD_SIZE) ||
        (words->list[i] = strdup(text)) == NULL) {
      free(text);
      return false;
    }
  }
  free(text);
  return true;
}

static bool read_fds(napi_env env, napi_value array, int fds[MAX_FDS], uint32_t *count) {
  if (napi_get_array_length(env, array, count) != napi_ok || *count > MAX_FDS) {
    throw_type(env, "expected an array of descriptors");
    return false;
  }
  for (uint32_t i = 0; i < *count; i++) {
    napi_value value;
    int32_t number;
    if (napi_get_element(env, array, i, &value) != napi_ok || napi_get_value_int32(env, value, &number) != napi_ok) {
      throw_type(env, "expected an array of descriptors");
      return false;
    }
    fds[i] = number;
  }
  return true;
}

/* In the child, which shares our memory until it execs: plain system calls only. */
static void become(const char *path, char **argv, char **envp, const int *fds, uint32_t count) {
  int moved[MAX_FDS];
  sigset_t none;
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (uint32_t i = 0; i < count; i++) {
    /* Out of the way first: a source may be another one's target. */
    moved[i] = fcntl(fds[i] < 0 ? null : fds[i], F_DUPFD_CLOEXEC, (int)count + 3);
    if (moved[i] == -1) return;
  }
  for (uint32_t i = 0; i < count; i++)
    if (dup2(moved[i], (int)i) == -1) return;
  /* Node ignores SIGPIPE and handles others; a program expects the defaults. */
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(path, argv, envp);
}

napi_value js_spawn(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE];
  struct words argv = {0}, envp = {0};
  int fds[MAX_FDS];
  uint32_t count;
  napi_value result = NULL;
  if (!read_args(env, info, 4, &args) || !path_arg(&args, 0, path)) return NULL;
  if (read_words(env, args.value[1], &argv) && read_words(env, args.value[2], &envp) &&
      read_fds(env, args.value[3], fds, &count)) {
    volatile int failure = 0;
    sigset_t all, before;
    sigfillset(&all);
    /* No handler of ours may run on the shared stack. */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t pid = vfork();
    if (pid == 0) {
      become(path, argv.list, envp.list, fds, count);
      failure = errno;
      _exit(127);
    }
    int error = pid == -1 ? errno : failure;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (pid != -1 && failure != 0) waitpid(pid, NULL, 0);
    if (error != 0) throw_error(env, error, "spawn", path);
    else napi_create_int32(env, pid, &result);
  }
  free_words(&argv);
  free_words(&envp);
  return result;
}

struct reap_task {
  struct task task;
  pid_t pid;
  int status;
};

static void run_reap(struct task *base) {
  struct reap_task *task = (struct reap_task *)base;
  while (waitpid(task->pid, &task->status, 0) == -1)
    if (errno != EINTR) {
      base->error = errno;
      return;
    }
}

static napi_value reap_result(napi_env env, struct task *base) {
  int status = ((struct reap_task *)base)->status;
  napi_value result;
  napi_create_int32(env, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), &result);
  return result;
}

napi_value js_reap(napi_env env, napi_callback_info info) {
  struct args args;
  int pid;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &pid)) return NULL;
  struct reap_task *task = calloc(1, sizeof *task);
  if (task == NULL) return throw_error(env, ENOMEM, "waitpid", NULL);
  task->pid = pid;
  task->task.run = run_reap;
  task->task.result = reap_result;
  task->task.syscall = "waitpid";
  return start_on_own_thread(env, &task->task);
}

napi_value js_socketPair(napi_env env, napi_callback_info info) {
  int pair[2];
  napi_value result, element;
  (void)info;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return throw_error(env, errno, "socketpair", NULL);
  napi_create_array_with_length(env, 2, &result);
  for (uint32_t i = 0; i < 2; i++) {
    napi_create_int32(env, pair[i], &element);
    napi_set_element(env, result, i, element);
  }
  return result;
}

napi_value js_memoryFile(napi_env env, napi_callback_info info) {
  struct args args;
  char name[NAME_SIZE];
  if (!read_args(env, info, 1, &args) || !text_arg(&args, 0, name, sizeof name)) return NULL;
  return int_result(env, memfd_create(name, MFD_CLOEXEC), "memfd_create", NULL);
}

enum { LINE_SIZE = 64 * 1024 };

struct line_task {
  struct task task;
  int fd;
  size_t length;
  char text[LINE_SIZE];
};

/* Takes exactly one line off the stream, so that the next reader finds the next one. */
static void run_read_line(struct task *base) {
  struct line_task *task = (struct line_task *)base;
  while (task->length < LINE_SIZE) {
    char *at = task->text + task->length;
    ssize_t seen = recv(task->fd, at, LINE_SIZE - task->length, MSG_PEEK);
    if (seen == -1 && errno == EINTR) continue;
    /* A peer that was killed counts as one that has closed. */
    if (seen == -1 && errno != ECONNRESET) base->error = errno;
    if (seen <= 0) return;
    char *end = memchr(at, '\n', (size_t)seen);
    size_t taken = end == NULL ? (size_t)seen : (size_t)(end - at) + 1;
    if (recv(task->fd, at, taken, 0) != (ssize_t)taken) return;
    task->length += taken;
    if (end != NULL) return;
  }
}

static napi_value line_result(napi_env env, struct task *base) {
  struct line_task *task = (struct line_task *)base;
  napi_value result;
  if (task->length == 0) {
    napi_get_undefined(env, &result);
    return result;
  }
  if (task->text[task->length - 1] == '\n') task->length--;
  napi_create_string_utf8(env, task->text, task->length, &result);
  return result;
}

napi_value js_readLine(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &fd)) return NULL;
  struct line_task *task = calloc(1, sizeof *task);
  if (task == NULL) return throw_error(env, ENOMEM, "recv", NULL);
  task->fd = fd;
  task->task.run = run_read_line;
  task->task.result = line_result;
  task->task.syscall = "recv";
  return start_on_own_thread(env, &task->task);
}

/* The end of this process, without the clean-up of a heap that nobody needs any more. */
napi_value js_exitNow(napi_env env, napi_callback_info info) {
  struct args args;
  int code;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &code)) return NULL;
  _exit(code);
}
