/* Terminal modes. Node's own raw mode keeps output processing on, which doubles carriage returns from a container. */
#include "addon.h"

#include <errno.h>
#include <termios.h>

napi_value js_setRawTerminal(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  struct termios saved, raw;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &fd)) return NULL;
  if (tcgetattr(fd, &saved) != 0) return throw_error(env, errno, "tcgetattr", NULL);
  raw = saved;
  cfmakeraw(&raw);
  if (tcsetattr(fd, TCSADRAIN, &raw) != 0) return throw_error(env, errno, "tcsetattr", NULL);
  napi_value result;
  if (napi_create_buffer_copy(env, sizeof saved, &saved, NULL, &result) != napi_ok)
    return throw_error(env, ENOMEM, "tcgetattr", NULL);
  return result;
}

napi_value js_restoreTerminal(napi_env env, napi_callback_info info) {
  struct args args;
  int fd;
  void *data;
  size_t length;
  if (!read_args(env, info, 2, &args) || !fd_arg(&args, 0, &fd) || !bytes_arg(&args, 1, &data, &length)) return NULL;
  if (length != sizeof(struct termios)) return throw_type(env, "not a saved terminal state");
  return void_result(env, tcsetattr(fd, TCSADRAIN, data), "tcsetattr", NULL);
}
