/* Small files as a whole, for those that are read by the hundred: readFileSync costs several times as much as the kernel's part of one. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_READ = 16 * 1024 };

/* One file after the other is read into it; most fit into `first`. */
struct room {
  char first[FIRST_READ], *larger;
  size_t size, used;
};

static void open_room(struct room *room) {
  room->larger = NULL;
  room->size = FIRST_READ;
  room->used = 0;
}

static char *text_of(struct room *room) { return room->larger == NULL ? room->first : room->larger; }

static bool grow(struct room *room, size_t size) {
  char *larger = realloc(room->larger, size);
  if (larger == NULL) return false;
  if (room->larger == NULL) memcpy(larger, room->first, room->used);
  room->larger = larger;
  room->size = size;
  return true;
}

static bool read_rest(int fd, struct room *room) {
  for (;;) {
    if (room->used == room->size && !grow(room, room->size * 2)) return false;
    const ssize_t count = read(fd, text_of(room) + room->used, room->size - room->used);
    if (count == 0) return true;
    if (count > 0) room->used += (size_t)count;
    else if (errno != EINTR) return false;
  }
}

/* A NUL byte behind the text. */
static bool end_text(struct room *room) {
  if (room->used == room->size && !grow(room, room->size + 1)) return false;
  text_of(room)[room->used] = '\0';
  return true;
}

/* 0 or an errno, with the system call that failed. */
static int read_whole(const char *path, struct room *room, const char **failed) {
  room->used = 0;
  *failed = "open";
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1) return errno;
  *failed = "read";
  const int error = read_rest(fd, room) ? 0 : errno;
  close(fd);
  return error;
}

static napi_value text_result(napi_env env, const char *text, size_t size) {
  napi_value result = NULL;
  unsigned char all = 0;
  for (size_t i = 0; i < size; i++) all |= (unsigned char)text[i];
  if (all < 0x80) napi_create_string_latin1(env, text, size, &result);
  else napi_create_string_utf8(env, text, size, &result);
  return result;
}

static bool is_gone(int error) { return error == ENOENT || error == ESRCH; }

napi_value js_readText(napi_env env, napi_callback_info info) {
  struct args args;
  struct room room;
  char path[PATH_SIZE];
  const char *failed;
  if (!read_args(env, info, 1, &args) || !path_arg(&args, 0, path)) return NULL;
  open_room(&room);
  const int error = read_whole(path, &room, &failed);
  napi_value result = NULL;
  if (error == 0) result = text_result(env, text_of(&room), room.used);
  /* Nothing thrown and nothing returned is undefined. */
  else if (!is_gone(error)) throw_error(env, error, failed, path);
  free(room.larger);
  return result;
}

/* The sum of the numbers that follow `key` where a word begins with it; false when there is none. */
static bool sum_of(const char *text, const char *key, double *sum) {
  const size_t length = strlen(key);
  bool found = false;
  *sum = 0;
  for (const char *at = text; (at = strstr(at, key)) != NULL; at += length) {
    const bool begins = at == text || at[-1] == '\n' || at[-1] == ' ';
    if (!begins || at[length] < '0' || at[length] > '9') continue;
    *sum += (double)strtoull(at + length, NULL, 10);
    found = true;
  }
  return found;
}

/* With an empty key, the whole text is to be a number. */
static bool number_in(const char *text, const char *key, double *number) {
  if (*key != '\0') return sum_of(text, key, number);
  char *end;
  if (*text < '0' || *text > '9') return false;
  *number = (double)strtoull(text, &end, 10);
  return *end == '\0' || (*end == '\n' && end[1] == '\0');
}

napi_value js_readNumbers(napi_env env, napi_callback_info info) {
  struct args args;
  struct room room;
  uint32_t count, keys;
  char path[PATH_SIZE], before[PATH_SIZE] = "", key[NAME_SIZE];
  const char *failed;
  bool is_read = false;
  napi_value list, value;
  if (!read_args(env, info, 2, &args)) return NULL;
  if (napi_get_array_length(env, args.value[0], &count) != napi_ok ||
      napi_get_array_length(env, args.value[1], &keys) != napi_ok || keys != count)
    return throw_type(env, "there must be as many paths as keys");
  if (napi_create_array_with_length(env, count, &list) != napi_ok) return NULL;
  open_room(&room);
  for (uint32_t i = 0; i < count; i++) {
    double number;
    if (napi_get_element(env, args.value[0], i, &value) != napi_ok || !text_value(env, value, path, PATH_SIZE) ||
        napi_get_element(env, args.value[1], i, &value) != napi_ok || !text_value(env, value, key, NAME_SIZE)) {
      free(room.larger);
      return NULL;
    }
    if (i == 0 || strcmp(path, before) != 0) is_read = read_whole(path, &room, &failed) == 0 && end_text(&room);
    memcpy(before, path, PATH_SIZE);
    if (is_read && number_in(text_of(&room), key, &number)) napi_create_double(env, number, &value);
    else napi_get_undefined(env, &value);
    napi_set_element(env, list, i, value);
  }
  free(room.larger);
  return list;
}

/* State and start time (fields 3 and 22) of /proc/PID/stat; the second field is any name, in parentheses. */
napi_value js_processStart(napi_env env, napi_callback_info info) {
  struct args args;
  struct room room;
  int pid;
  char path[32], answer[32];
  const char *failed;
  if (!read_args(env, info, 1, &args) || !fd_arg(&args, 0, &pid)) return NULL;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (pid <= 0) return NULL;
  open_room(&room);
  const int error = read_whole(path, &room, &failed);
  napi_value result = NULL;
  if (error != 0 && !is_gone(error)) throw_error(env, error, failed, path);
  if (error == 0) {
    const char *end = text_of(&room) + room.used, *at = memrchr(text_of(&room), ')', room.used);
    /* Of what follows the name, the state is the first and the start time the twentieth. */
    const char *state = at == NULL ? end : at + 2;
    for (int field = 0; at != NULL && field < 20; field++) {
      at = memchr(at + 1, ' ', (size_t)(end - at - 1));
    }
    const char *after = at == NULL ? NULL : memchr(at + 1, ' ', (size_t)(end - at - 1));
    if (after != NULL && state < end && after - at < 24) {
      const int length = snprintf(answer, sizeof answer, "%c%.*s", *state, (int)(after - at - 1), at + 1);
      napi_create_string_latin1(env, answer, (size_t)length, &result);
    }
  }
  free(room.larger);
  return result;
}
