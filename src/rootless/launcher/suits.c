/* Where the quick program does not start, or would not do what Node does. */
#include "launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define MIB (1024UL * 1024UL)

/* Measured, with some room. Below them Bun ends with a text of its own that tells nobody what to do. */
static const rlim_t smallest_stack = MIB / 2, smallest_space = 384 * MIB, smallest_data = 280 * MIB;

static bool is_below(__rlimit_resource_t resource, rlim_t needed) {
  struct rlimit limit;
  return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < needed;
}

static bool has_directory(void) {
  char path[PATH_MAX];
  return getcwd(path, sizeof path) != NULL;
}

/* Node reads rules (`<+03>-3`) and paths too; Bun takes what is no name of a time zone for UTC. */
static bool has_known_zone(void) {
  char path[PATH_MAX];
  const char *zone = getenv("TZ");
  if (zone == NULL || zone[0] == '\0' || strcmp(zone, "UTC") == 0) return true;
  if (zone[0] == '/') return false;
  const int length = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);
  return length > 0 && (size_t)length < sizeof path && access(path, F_OK) == 0;
}

bool suits_quick(void) { return has_directory() && has_known_zone() && !is_below(RLIMIT_STACK, smallest_stack); }

void check_memory(void) {
  /* Node needs more still. */
  if (is_below(RLIMIT_AS, smallest_space)) die("the limit of address space (ulimit -v) is below the %lu MiB that it needs", smallest_space / MIB);
  if (is_below(RLIMIT_DATA, smallest_data)) die("the limit of data (ulimit -d) is below the %lu MiB that it needs", smallest_data / MIB);
}
