/*
 * Work away from the JavaScript thread. Short work goes to libuv's pool; whatever may wait for somebody else (a lock, a
 * process, a peer) gets a thread of its own, because four such waits would otherwise stop all file access of the process.
 */
#include "addon.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static void settle(napi_env env, struct task *task) {
  if (task->error != 0) {
    napi_reject_deferred(env, task->deferred, system_error(env, task->error, task->syscall, task->path, NULL));
    return;
  }
  napi_value value = NULL;
  if (task->result != NULL) value = task->result(env, task);
  else napi_get_undefined(env, &value);
  napi_resolve_deferred(env, task->deferred, value);
}

static void destroy(struct task *task) {
  if (task->release != NULL) task->release(task);
  free(task->path);
  free(task);
}

napi_value task_answer(napi_env env, struct task *task) { return bool_value(env, task->answer); }

static napi_value begin(napi_env env, struct task *task, napi_value *name) {
  napi_value promise;
  napi_create_string_utf8(env, task->syscall, NAPI_AUTO_LENGTH, name);
  if (napi_create_promise(env, &task->deferred, &promise) != napi_ok) return NULL;
  return promise;
}

/* The promise exists already: report through it. */
static napi_value give_up(napi_env env, struct task *task, int error, napi_value promise) {
  task->error = error;
  settle(env, task);
  destroy(task);
  return promise;
}

static void pool_run(napi_env env, void *data) {
  (void)env;
  struct task *task = data;
  task->run(task);
}

static void pool_done(napi_env env, napi_status status, void *data) {
  struct task *task = data;
  if (status == napi_cancelled) task->error = ECANCELED;
  settle(env, task);
  napi_delete_async_work(env, task->work);
  destroy(task);
}

napi_value start_on_pool(napi_env env, struct task *task) {
  napi_value name, promise = begin(env, task, &name);
  if (promise == NULL) {
    destroy(task);
    return throw_error(env, ENOMEM, "promise", NULL);
  }
  if (napi_create_async_work(env, NULL, name, pool_run, pool_done, task, &task->work) != napi_ok)
    return give_up(env, task, ENOMEM, promise);
  if (napi_queue_async_work(env, task->work) != napi_ok) {
    napi_delete_async_work(env, task->work);
    return give_up(env, task, EAGAIN, promise);
  }
  return promise;
}

/* With every signal blocked: they are for the threads of Node. */
static int make_thread(void *(*body)(void *), void *argument, bool joinable, pthread_t *thread) {
  pthread_attr_t attributes;
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  if (!joinable) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(thread, &attributes, body, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return error;
}

int run_on_thread(void *(*body)(void *), void *argument) {
  pthread_t thread;
  int error = make_thread(body, argument, true, &thread);
  return error == 0 ? pthread_join(thread, NULL) : error;
}

/* env is NULL when the environment is being torn down: nobody is left to tell. */
static void thread_done(napi_env env, napi_value function, void *context, void *data) {
  (void)function;
  (void)context;
  struct task *task = data;
  if (env != NULL) settle(env, task);
  destroy(task);
}

static void *thread_body(void *data) {
  struct task *task = data;
  napi_threadsafe_function done = task->done;
  task->run(task);
  if (napi_call_threadsafe_function(done, task, napi_tsfn_nonblocking) != napi_ok) destroy(task);
  napi_release_threadsafe_function(done, napi_tsfn_release);
  return NULL;
}

napi_value start_on_own_thread(napi_env env, struct task *task) {
  napi_value name, promise = begin(env, task, &name);
  if (promise == NULL) {
    destroy(task);
    return throw_error(env, ENOMEM, "promise", NULL);
  }
  if (napi_create_threadsafe_function(env, NULL, NULL, name, 0, 1, NULL, NULL, NULL, thread_done, &task->done) != napi_ok)
    return give_up(env, task, ENOMEM, promise);
  napi_threadsafe_function done = task->done;
  pthread_t unused;
  int error = make_thread(thread_body, task, false, &unused);
  if (error != 0) {
    napi_release_threadsafe_function(done, napi_tsfn_abort);
    return give_up(env, task, error, promise);
  }
  return promise;
}
