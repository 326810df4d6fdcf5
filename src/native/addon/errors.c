/* Errors shaped like Node's own: message "CODE: text, call 'path' -> 'dest'", negative errno, code, syscall, path, dest. */
#include "addon.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
  int number;
  const char *name;
} NAMES[] = {
#define E(name) {name, #name}
    E(EPERM), E(ENOENT), E(ESRCH), E(EINTR), E(EIO), E(ENXIO), E(E2BIG), E(ENOEXEC), E(EBADF), E(ECHILD), E(EAGAIN),
    E(ENOMEM), E(EACCES), E(EFAULT), E(ENOTBLK), E(EBUSY), E(EEXIST), E(EXDEV), E(ENODEV), E(ENOTDIR), E(EISDIR),
    E(EINVAL), E(ENFILE), E(EMFILE), E(ENOTTY), E(ETXTBSY), E(EFBIG), E(ENOSPC), E(ESPIPE), E(EROFS), E(EMLINK),
    E(EPIPE), E(EDOM), E(ERANGE), E(EDEADLK), E(ENAMETOOLONG), E(ENOLCK), E(ENOSYS), E(ENOTEMPTY), E(ELOOP),
    E(ENODATA), E(ETIME), E(EPROTO), E(EBADMSG), E(EOVERFLOW), E(EUSERS), E(ENOTSOCK), E(EMSGSIZE), E(EPROTOTYPE),
    E(EPROTONOSUPPORT), E(EOPNOTSUPP), E(EADDRINUSE), E(EADDRNOTAVAIL), E(ENETDOWN), E(ECONNABORTED), E(ECONNRESET),
    E(ENOBUFS), E(EISCONN), E(ENOTCONN), E(ETIMEDOUT), E(ECONNREFUSED), E(EALREADY), E(EINPROGRESS), E(ESTALE),
    E(EUCLEAN), E(EREMOTEIO), E(EDQUOT), E(ENOMEDIUM), E(ECANCELED), E(ENOKEY),
#undef E
};

static const char *name_of(int number) {
  if (number == ENOTSUP) return "ENOTSUP";
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
    if (NAMES[i].number == number) return NAMES[i].name;
  return "UNKNOWN";
}

static void set_text(napi_env env, napi_value object, const char *key, const char *text) {
  napi_value value;
  if (text == NULL) return;
  if (napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok)
    napi_set_named_property(env, object, key, value);
}

napi_value system_error(napi_env env, int number, const char *syscall, const char *path, const char *dest) {
  char reason[128];
  snprintf(reason, sizeof reason, "%s", strerror(number));
  if (!isupper((unsigned char)reason[1])) reason[0] = (char)tolower((unsigned char)reason[0]);
  char message[2 * PATH_SIZE + 256];
  int length = snprintf(message, sizeof message, "%s: %s, %s", name_of(number), reason, syscall);
  if (path != NULL) length += snprintf(message + length, sizeof message - (size_t)length, " '%s'", path);
  if (dest != NULL) snprintf(message + length, sizeof message - (size_t)length, " -> '%s'", dest);

  napi_value code, text, error, errno_value;
  napi_create_string_utf8(env, name_of(number), NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text);
  if (napi_create_error(env, code, text, &error) != napi_ok) return NULL;
  napi_create_int32(env, -number, &errno_value);
  napi_set_named_property(env, error, "errno", errno_value);
  set_text(env, error, "syscall", syscall);
  set_text(env, error, "path", path);
  set_text(env, error, "dest", dest);
  return error;
}

napi_value throw_error2(napi_env env, int number, const char *syscall, const char *path, const char *dest) {
  napi_value error = system_error(env, number, syscall, path, dest);
  if (error != NULL) napi_throw(env, error);
  return NULL;
}

napi_value throw_error(napi_env env, int number, const char *syscall, const char *path) {
  return throw_error2(env, number, syscall, path, NULL);
}

napi_value throw_type(napi_env env, const char *message) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", message);
  return NULL;
}

napi_value void_result(napi_env env, long result, const char *syscall, const char *path) {
  if (result == -1) return throw_error(env, errno, syscall, path);
  return NULL;
}

napi_value int_result(napi_env env, long result, const char *syscall, const char *path) {
  if (result == -1) return throw_error(env, errno, syscall, path);
  napi_value value;
  napi_create_int64(env, result, &value);
  return value;
}

napi_value bool_value(napi_env env, bool value) {
  napi_value result;
  napi_get_boolean(env, value, &result);
  return result;
}
