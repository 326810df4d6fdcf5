/* Messages, and small files read and written whole. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void say(const char *prefix, const char *format, va_list arguments) {
  char line[PATH_MAX * 2];
  int length = snprintf(line, sizeof line, "%s", prefix);
  vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
  dprintf(STDERR_FILENO, "%s\n", line);
}

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say("Error: ", format, arguments);
  exit(EXIT_FAILED);
}

void note(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say("tspod: ", format, arguments);
  va_end(arguments);
}

void format_path(char out[PATH_MAX], const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(out, PATH_MAX, format, arguments);
  va_end(arguments);
  if (length < 0 || length >= PATH_MAX) die("a path is too long: %.100s…", out);
}

bool read_text(const char *path, char *text, size_t size) {
  size_t used = 0;
  ssize_t got = 0;
  text[0] = '\0';
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd == -1) return false;
  while (used < size - 1) {
    got = read(fd, text + used, size - 1 - used);
    if (got == -1 && errno == EINTR) continue;
    if (got <= 0) break;
    used += (size_t)got;
  }
  close(fd);
  text[used] = '\0';
  return got >= 0;
}

bool write_text(const char *path, const char *text) {
  char temporary[PATH_MAX];
  format_path(temporary, "%s.%d", path, getpid());
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd == -1) return false;
  const ssize_t length = (ssize_t)strlen(text);
  bool written = write(fd, text, (size_t)length) == length;
  if (close(fd) == 0 && written && rename(temporary, path) == 0) return true;
  unlink(temporary);
  return false;
}
