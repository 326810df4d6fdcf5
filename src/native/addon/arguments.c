/* Reading JavaScript arguments into C values. */
#include "addon.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

bool read_args(napi_env env, napi_callback_info info, size_t wanted, struct args *args) {
  args->env = env;
  args->count = MAX_ARGS;
  if (napi_get_cb_info(env, info, &args->count, args->value, NULL, NULL) != napi_ok) return false;
  if (args->count >= wanted) return true;
  throw_type(env, "too few arguments");
  return false;
}

bool int_arg(const struct args *args, size_t index, int64_t *out) {
  if (napi_get_value_int64(args->env, args->value[index], out) == napi_ok) return true;
  char message[64];
  snprintf(message, sizeof message, "argument %zu must be a number", index + 1);
  throw_type(args->env, message);
  return false;
}

bool fd_arg(const struct args *args, size_t index, int *out) {
  int64_t number;
  if (!int_arg(args, index, &number)) return false;
  if (number < INT_MIN || number > INT_MAX) {
    throw_type(args->env, "a file descriptor must be a 32-bit number");
    return false;
  }
  *out = (int)number;
  return true;
}

bool text_value(napi_env env, napi_value value, char *out, size_t size) {
  bool is_buffer = false;
  size_t length = 0;
  napi_is_buffer(env, value, &is_buffer);
  if (is_buffer) {
    void *data = NULL;
    napi_get_buffer_info(env, value, &data, &length);
    if (length < size && length > 0) memcpy(out, data, length);
  } else {
    if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) {
      throw_type(env, "a path or text must be a string or a Buffer");
      return false;
    }
    if (length < size) napi_get_value_string_utf8(env, value, out, size, &length);
  }
  if (length >= size) {
    throw_error(env, ENAMETOOLONG, "tspod", NULL);
    return false;
  }
  out[length] = '\0';
  if (strlen(out) != length) {
    throw_type(env, "a path or text must not hold a NUL byte");
    return false;
  }
  return true;
}

bool text_arg(const struct args *args, size_t index, char *out, size_t size) {
  return text_value(args->env, args->value[index], out, size);
}

bool path_arg(const struct args *args, size_t index, char out[PATH_SIZE]) {
  return text_value(args->env, args->value[index], out, PATH_SIZE);
}

bool bytes_arg(const struct args *args, size_t index, void **data, size_t *length) {
  bool is_buffer = false;
  napi_is_buffer(args->env, args->value[index], &is_buffer);
  if (is_buffer) return napi_get_buffer_info(args->env, args->value[index], data, length) == napi_ok;
  throw_type(args->env, "a value must be a Buffer");
  return false;
}
