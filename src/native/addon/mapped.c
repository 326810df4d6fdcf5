/* Files as JavaScript values that are the mapped file itself: nothing is read before it is used, and nothing is copied. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct mapping {
  void *data;
  size_t size;
};

static napi_value fail(napi_env env, int error, const char *syscall, const char *path, int fd) {
  if (fd != -1) close(fd);
  return throw_error(env, error, syscall, path);
}

/* An empty file cannot be mapped; it is refused like any other failure, with EINVAL. */
static bool map_file(napi_env env, napi_callback_info info, int flags, struct mapping *out) {
  struct args args;
  char path[PATH_SIZE];
  if (!read_args(env, info, 1, &args) || !path_arg(&args, 0, path)) return false;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat stat;
  if (fd == -1 || fstat(fd, &stat) == -1) return fail(env, errno, "open", path, fd), false;
  out->size = (size_t)stat.st_size;
  out->data = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE | flags, fd, 0);
  if (out->data == MAP_FAILED) return fail(env, errno, "mmap", path, fd), false;
  close(fd);
  return true;
}

static void unmap(node_api_basic_env env, void *data, void *size) {
  (void)env;
  munmap(data, (size_t)(uintptr_t)size);
}

napi_value js_mapText(napi_env env, napi_callback_info info) {
  struct mapping map;
  if (!map_file(env, info, 0, &map)) return NULL;
  napi_value text = NULL;
  bool copied = false;
  void *size = (void *)(uintptr_t)map.size;
  if (node_api_create_external_string_latin1(env, map.data, map.size, unmap, size, &text, &copied) != napi_ok) {
    munmap(map.data, map.size);
    return throw_error(env, ENOMEM, "mmap", NULL);
  }
  return text;
}

napi_value js_mapBytes(napi_env env, napi_callback_info info) {
  struct mapping map;
  if (!map_file(env, info, MAP_POPULATE, &map)) return NULL;
  napi_value bytes = NULL;
  void *size = (void *)(uintptr_t)map.size;
  if (napi_create_external_buffer(env, map.size, map.data, unmap, size, &bytes) != napi_ok) {
    munmap(map.data, map.size);
    return throw_error(env, ENOMEM, "mmap", NULL);
  }
  return bytes;
}
