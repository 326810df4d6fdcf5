/* Extended attributes; a final symbolic link is never followed. */
#include "addon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

/* The kernel's own limits (XATTR_SIZE_MAX, XATTR_LIST_MAX): one call always suffices. */
enum { VALUE_SIZE = 65536 };

napi_value js_lsetxattr(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE], name[NAME_SIZE];
  void *data;
  size_t length;
  if (!read_args(env, info, 3, &args) || !path_arg(&args, 0, path) || !text_arg(&args, 1, name, sizeof name) ||
      !bytes_arg(&args, 2, &data, &length))
    return NULL;
  return void_result(env, lsetxattr(path, name, data, length, 0), "lsetxattr", path);
}

napi_value js_fsetxattr(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  char name[NAME_SIZE];
  void *data;
  size_t length;
  if (!read_args(env, info, 3, &args) || !fd_arg(&args, 0, &fd) || !text_arg(&args, 1, name, sizeof name) ||
      !bytes_arg(&args, 2, &data, &length))
    return NULL;
  return void_result(env, fsetxattr(fd, name, data, length, 0), "fsetxattr", NULL);
}

napi_value js_lgetxattr(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE], name[NAME_SIZE], value[VALUE_SIZE];
  if (!read_args(env, info, 2, &args) || !path_arg(&args, 0, path) || !text_arg(&args, 1, name, sizeof name)) return NULL;
  ssize_t length = lgetxattr(path, name, value, sizeof value);
  if (length == -1 && (errno == ENODATA || errno == ENOTSUP)) return NULL;
  if (length == -1) return throw_error(env, errno, "lgetxattr", path);
  napi_value result;
  if (napi_create_buffer_copy(env, (size_t)length, value, NULL, &result) != napi_ok)
    return throw_error(env, ENOMEM, "lgetxattr", path);
  return result;
}

napi_value js_llistxattr(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE], list[VALUE_SIZE];
  if (!read_args(env, info, 1, &args) || !path_arg(&args, 0, path)) return NULL;
  ssize_t length = llistxattr(path, list, sizeof list);
  if (length == -1 && errno == ENOTSUP) length = 0;
  if (length == -1) return throw_error(env, errno, "llistxattr", path);
  napi_value result, text;
  napi_create_array(env, &result);
  uint32_t index = 0;
  for (char *name = list; name < list + length; name += strlen(name) + 1) {
    napi_create_string_utf8(env, name, NAPI_AUTO_LENGTH, &text);
    napi_set_element(env, result, index++, text);
  }
  return result;
}

napi_value js_lremovexattr(napi_env env, napi_callback_info info) {
  struct args args;
  char path[PATH_SIZE], name[NAME_SIZE];
  if (!read_args(env, info, 2, &args) || !path_arg(&args, 0, path) || !text_arg(&args, 1, name, sizeof name)) return NULL;
  return void_result(env, lremovexattr(path, name), "lremovexattr", path);
}
