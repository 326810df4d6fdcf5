/* The user's runtime directory: a place that is ours alone and goes with the login or the boot. */
#include "launcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[PATH_MAX];

/* False when it cannot be made; dies when something that is not ours stands there. */
static bool make_private(void) {
  struct stat status;
  if (mkdir(directory, 0700) == -1 && errno != EEXIST) return false;
  if (lstat(directory, &status) == -1) return false;
  if (!S_ISDIR(status.st_mode)) die("runtime directory %s is not a directory, or a symbolic link: remove it", directory);
  if (status.st_uid != geteuid()) die("runtime directory %s belongs to another user (id %u)", directory, status.st_uid);
  if ((status.st_mode & 022) != 0) die("runtime directory %s is writable by others: chmod 700 it", directory);
  return true;
}

static bool use_beneath(const char *base) {
  struct stat status;
  if (base[0] != '/' || stat(base, &status) != 0 || !S_ISDIR(status.st_mode) || status.st_uid != geteuid()) return false;
  format_path(directory, "%s/tspod", base);
  return make_private();
}

/*
 * The OCI runtime finds the user's service manager by these two variables. Cron, su and services leave them out, or hand on those of
 * another user.
 */
static void tell_session(const char *base, bool given) {
  char bus[PATH_MAX];
  const char *address = getenv("DBUS_SESSION_BUS_ADDRESS");
  if (given && address != NULL && address[0] != '\0') return;
  setenv("XDG_RUNTIME_DIR", base, 1);
  format_path(bus, "unix:path=%s/bus", base);
  if (access(strchr(bus, '/'), W_OK) == 0) setenv("DBUS_SESSION_BUS_ADDRESS", bus, 1);
  else unsetenv("DBUS_SESSION_BUS_ADDRESS");
}

const char *runtime_directory(void) {
  char base[64];
  const char *given = getenv("XDG_RUNTIME_DIR");
  if (given != NULL && strlen(given) < PATH_MAX - 64 && use_beneath(given)) {
    tell_session(given, true);
    return directory;
  }
  snprintf(base, sizeof base, "/run/user/%u", geteuid());
  if (use_beneath(base)) {
    tell_session(base, false);
    return directory;
  }
  unsetenv("XDG_RUNTIME_DIR");
  unsetenv("DBUS_SESSION_BUS_ADDRESS");
  format_path(directory, "/tmp/tspod-run-%u", geteuid());
  if (make_private()) return directory;
  die("make the runtime directory %s: %s (set XDG_RUNTIME_DIR to a directory of yours)", directory, strerror(errno));
}
