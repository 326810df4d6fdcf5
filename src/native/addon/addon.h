/*
 * Shared by all files of the addon. Every exported function has the signature of napi_callback and throws
 * Node-style system errors; arguments are checked here so that a wrong type is a TypeError, never a crash.
 */
#ifndef TSPOD_ADDON_H
#define TSPOD_ADDON_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#ifndef NAPI_VERSION
#define NAPI_VERSION 10
#endif
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_ARGS = 8, PATH_SIZE = 4097, NAME_SIZE = 256 };

/* --- arguments.c: each reader returns false after it has thrown --- */
struct args {
  napi_env env;
  size_t count;
  napi_value value[MAX_ARGS];
};

bool read_args(napi_env env, napi_callback_info info, size_t wanted, struct args *args);
bool int_arg(const struct args *args, size_t index, int64_t *out);
bool fd_arg(const struct args *args, size_t index, int *out);
/* A string or a Buffer, without NUL bytes, shorter than `size`. */
bool text_arg(const struct args *args, size_t index, char *out, size_t size);
bool path_arg(const struct args *args, size_t index, char out[PATH_SIZE]);
bool bytes_arg(const struct args *args, size_t index, void **data, size_t *length);
bool text_value(napi_env env, napi_value value, char *out, size_t size);

/* --- errors.c --- */
/* Builds the error object; `path` and `dest` may be NULL. */
napi_value system_error(napi_env env, int number, const char *syscall, const char *path, const char *dest);
/* Throws it and returns NULL, so that callers can `return throw_error(...)`. */
napi_value throw_error(napi_env env, int number, const char *syscall, const char *path);
napi_value throw_error2(napi_env env, int number, const char *syscall, const char *path, const char *dest);
napi_value throw_type(napi_env env, const char *message);
/* undefined when `result` is not -1, else the thrown errno. */
napi_value void_result(napi_env env, long result, const char *syscall, const char *path);
napi_value int_result(napi_env env, long result, const char *syscall, const char *path);
napi_value bool_value(napi_env env, bool value);

/* --- memory.c --- */
/* From now on threads take what others have freed, instead of each keeping its own: a pull has a dozen of them. */
void share_free_memory(void);

/* --- task.c: work off the JavaScript thread, reported by a promise --- */
struct task {
  /* Runs on the other thread; sets `error` (an errno) or leaves it 0. */
  void (*run)(struct task *task);
  /* Runs on the JavaScript thread when error is 0; NULL resolves with undefined. */
  napi_value (*result)(napi_env env, struct task *task);
  /* Frees what the embedding struct owns besides itself; may be NULL. */
  void (*release)(struct task *task);
  const char *syscall;
  int error;
  bool answer;
  char *path;
  napi_deferred deferred;
  napi_async_work work;
  napi_threadsafe_function done;
};

/* Both take ownership of `task` (from malloc/calloc) and return the promise. */
napi_value start_on_pool(napi_env env, struct task *task);
napi_value start_on_own_thread(napi_env env, struct task *task);
napi_value task_answer(napi_env env, struct task *task);
/* Runs `body` to its end on a thread of its own, whose attributes it may change. 0 or the errno with which no thread could be made. */
int run_on_thread(void *(*body)(void *), void *argument);

/* --- remove_tree.c --- */
/* 0 or an errno; on failure `failed` holds the name that could not be removed. */
int remove_tree(int directory, const char *path, char failed[PATH_SIZE]);

/* --- exported functions --- */
#define EXPORTED(name) napi_value name(napi_env env, napi_callback_info info)
EXPORTED(js_mount);
EXPORTED(js_mountOverlay);
EXPORTED(js_umount);
EXPORTED(js_createNetns);
EXPORTED(js_bindNamespace);
EXPORTED(js_createUserns);
EXPORTED(js_createNetnsIn);
EXPORTED(js_readUsernsMaps);
EXPORTED(js_bindIdmapped);
EXPORTED(js_openat2);
EXPORTED(js_readText);
EXPORTED(js_readNumbers);
EXPORTED(js_processStart);
EXPORTED(js_mkdirat);
EXPORTED(js_mknodat);
EXPORTED(js_symlinkat);
EXPORTED(js_linkat);
EXPORTED(js_unlinkat);
EXPORTED(js_renameat2);
EXPORTED(js_readlinkat);
EXPORTED(js_fchownat);
EXPORTED(js_fchmodat);
EXPORTED(js_utimensat);
EXPORTED(js_lstatat);
EXPORTED(js_statfsType);
EXPORTED(js_isatty);
EXPORTED(js_removeTreeAt);
EXPORTED(js_removeTree);
EXPORTED(js_lsetxattr);
EXPORTED(js_lgetxattr);
EXPORTED(js_llistxattr);
EXPORTED(js_lremovexattr);
EXPORTED(js_fsetxattr);
EXPORTED(js_setProject);
EXPORTED(js_projectOf);
EXPORTED(js_setProjectLimits);
EXPORTED(js_isProjectFree);
EXPORTED(js_syncfs);
EXPORTED(js_syncfsAsync);
EXPORTED(js_punchHole);
EXPORTED(js_openHash);
EXPORTED(js_hashUpdate);
EXPORTED(js_hashState);
EXPORTED(js_hashDigest);
EXPORTED(js_openDeflater);
EXPORTED(js_deflateInto);
EXPORTED(js_openInflater);
EXPORTED(js_resumeInflater);
EXPORTED(js_inflateInto);
EXPORTED(js_tryLock);
EXPORTED(js_lock);
EXPORTED(js_unlock);
EXPORTED(js_pidfdOpen);
EXPORTED(js_pidfdSendSignal);
EXPORTED(js_pidfdWait);
EXPORTED(js_getpgid);
EXPORTED(js_connectSeqpacket);
EXPORTED(js_shutdownWrite);
EXPORTED(js_shutdownBoth);
EXPORTED(js_isHungUp);
EXPORTED(js_pumpAttach);
EXPORTED(js_pumpInput);
EXPORTED(js_setCloseOnExec);
EXPORTED(js_releaseFreeMemory);
EXPORTED(js_spawn);
EXPORTED(js_reap);
EXPORTED(js_socketPair);
EXPORTED(js_memoryFile);
EXPORTED(js_readLine);
EXPORTED(js_exitNow);
EXPORTED(js_setRawTerminal);
EXPORTED(js_restoreTerminal);
EXPORTED(js_holdPort);
EXPORTED(js_boundPort);
EXPORTED(js_mapText);
EXPORTED(js_mapBytes);

#endif
