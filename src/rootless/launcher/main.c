/* Decides who we are, enters the user namespace when that is needed, and becomes the quick program or Node. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_LIMIT_SECONDS = 30 };

static void ignore(int number) { (void)number; }

/* One creator at a time. A lock file that was deleted while we waited protects nothing, so it must still be in place. */
static int lock_directory(const char *directory) {
  char path[PATH_MAX];
  struct stat here, held;
  struct sigaction wake = {.sa_handler = ignore}, before;
  format_path(path, "%s/pause.lock", directory);
  sigaction(SIGALRM, &wake, &before);
  alarm(LOCK_LIMIT_SECONDS);
  for (;;) {
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd == -1 && errno == ENOENT && (mkdir(directory, 0700) == 0 || errno == EEXIST)) continue;
    if (fd == -1) die("open %s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX) == -1) die("lock %s: %s", path, errno == EINTR ? "another tspod command holds it" : strerror(errno));
    if (fstat(fd, &held) == 0 && stat(path, &here) == 0 && here.st_ino == held.st_ino && here.st_dev == held.st_dev) {
      alarm(0);
      sigaction(SIGALRM, &before, NULL);
      return fd;
    }
    close(fd);
  }
}

/* Slow path: the first command after login, or after somebody killed the pause process or cleaned the directory. */
static void make_or_heal(const char *directory, struct pause_record *record) {
  bool is_pause;
  int lock = lock_directory(directory);
  if (!read_pause_record(directory, record) || !enter_namespaces(record)) {
    struct pause_record survivor;
    bool found = find_survivor(directory, &survivor, &is_pause);
    if (found && is_pause) *record = survivor;
    else create_pause(directory, found ? &survivor : NULL, record);
    if (!write_pause_record(directory, record)) die("write %s/pause.pid: %s", directory, strerror(errno));
    if (!enter_namespaces(record)) die("the pause process %d ended at once", record->pid);
  }
  close(lock);
}

static void set_number(const char *name, unsigned value) {
  char text[16];
  snprintf(text, sizeof text, "%u", value);
  setenv(name, text, 1);
}

static void enter_rootless(const char *directory) {
  const unsigned uid = geteuid(), gid = getegid();
  struct pause_record record;
  if (!read_pause_record(directory, &record) || !enter_namespaces(&record)) make_or_heal(directory, &record);
  /* Already so by the map, unless the ids of this process differ from each other. */
  if (setresgid(0, 0, 0) == -1 || setresuid(0, 0, 0) == -1) die("become root in the user namespace: %s", strerror(errno));
  set_number("_TSPOD_ROOTLESS_UID", uid);
  set_number("_TSPOD_ROOTLESS_GID", gid);
  setenv("_TSPOD_ROOTLESS_MAPS", record.single_id ? "single" : "full", 1);
  setenv("_TSPOD_RUNTIME_DIR", directory, 1);
}

/* Root of the machine, not of a namespace: what an outer rootless tspod told (through sudo -E, say) is not true here. */
static void forget_rootless(void) {
  char map[64];
  unsigned inside, outside;
  unsigned long count;
  read_text("/proc/self/uid_map", map, sizeof map);
  if (sscanf(map, "%u %u %lu", &inside, &outside, &count) == 3 && count < 0xffffffffUL) return;
  unsetenv("_TSPOD_ROOTLESS_UID");
  unsetenv("_TSPOD_ROOTLESS_GID");
  unsetenv("_TSPOD_ROOTLESS_MAPS");
  unsetenv("_TSPOD_RUNTIME_DIR");
}

/* Where the build lets Bun write which functions a command runs (scripts/build/quick.mjs). */
#define ORDER "_TSPOD_BYTECODE_ORDER"

/* Of a runtime, and not of the programs that it runs. */
static bool is_for_runtime(const char *entry) {
  static const char *const starts[] = {"NODE_OPTIONS=", "BUN_", "MIMALLOC_"};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
    if (strncmp(entry, starts[i], strlen(starts[i])) == 0) return true;
  return false;
}

/* The user's options for other programs of Node and Bun must not change this one; the program can still see and pass them on. */
static void save_options(void) {
  for (char **entry = environ; *entry != NULL;) {
    if (!is_for_runtime(*entry)) {
      entry++;
      continue;
    }
    const int length = (int)strcspn(*entry, "=");
    char *name, *saved;
    if (asprintf(&name, "%.*s", length, *entry) == -1 || asprintf(&saved, "TSPOD_SAVED_%s", name) == -1) die("out of memory");
    setenv(saved, *entry + length + ((*entry)[length] == '=' ? 1 : 0), 1);
    unsetenv(name);
    free(name);
    free(saved);
    /* Both may have moved what is left. */
    entry = environ;
  }
  if (getenv(ORDER) != NULL) setenv("BUN_BYTECODE_ORDER_OUT", getenv(ORDER), 1);
}

/*
 * Most commands live for some 50 ms. In that time a young generation that starts at 1 MB is collected several times, and compiling
 * functions that are hot for a moment costs more than it gains. What runs for longer is compiled all the same, a little later.
 * The bytecode that the build keeps depends on these: it is made through this launcher (src/cli/bundle-files.ts).
 */
static char *const tuning[] = {
    "--min-semi-space-size=8",
    "--no-profile-guided-optimization",
    "--baseline-batch-compilation-threshold=65536",
    "--invocation-count-for-maglev=2000",
    "--invocation-count-for-feedback-allocation=32",
};
#define TUNINGS (sizeof tuning / sizeof *tuning)

/*
 * The service answers for hours: small counts for more there than the last millisecond. Without the optimising compilers a request
 * costs the same, as most of it is SQLite and JSON, and their threads, code and feedback take a third of the memory. Its clients'
 * filters are regular expressions, as podman's: one that would try for ever is handed to an engine whose time is linear, so that
 * no request stops all others.
 */
static char *const server_tuning[] = {
    "--max-semi-space-size=1",
    "--optimize-for-size",
    "--max-opt=1",
    "--v8-pool-size=1",
    "--enable-experimental-regexp-engine-on-excessive-backtracks",
};
#define SERVER_TUNINGS (sizeof server_tuning / sizeof *server_tuning)

/* `system service`: it lives long, and its clients choose the keys of its tables. */
static bool is_server(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i++)
    if (strcmp(argv[i], "system") == 0 && strcmp(argv[i + 1], "service") == 0) return true;
  return false;
}

/*
 * Starts in a fifth of Node's time, and does the commands of the daily round; what the caller's descriptors are it would not keep. For others it runs this launcher again, with
 * _TSPOD_WHOLE (src/cli/hand-over.ts). Returns when there is none that runs here: Node does everything.
 */
static void become_quick(const struct installation *installation, char **argv) {
  if (installation->quick[0] == '\0') return;
  argv[0] = "tspod";
  execv(installation->quick, argv);
}

static void become_node(const struct installation *installation, int argc, char **argv) {
  const bool server = is_server(argc, argv);
  char **arguments = calloc((size_t)argc + TUNINGS + SERVER_TUNINGS + 9, sizeof *arguments);
  int used = 0;
  if (arguments == NULL) die("out of memory");
  arguments[used++] = "tspod";
  arguments[used++] = "--no-warnings";
  /*
   * A seventh of Node's start is spent on a random hash seed. One command for one user can do without: what crafted keys in an
   * image's JSON could cost is time of the very command that reads them. A server (many users, long life) must not have it.
   */
  if (!server) arguments[used++] = "--no-rehash-snapshot";
  /* A signal that comes before the program listens must not open a port to a debugger. */
  if (installation->own_node) arguments[used++] = "--disable-sigusr1";
  /* A node of another version may not know them, and would not start. */
  for (size_t i = 0; installation->own_node && !server && i < TUNINGS; i++) arguments[used++] = tuning[i];
  for (size_t i = 0; installation->own_node && server && i < SERVER_TUNINGS; i++)
    arguments[used++] = server_tuning[i];
  /* What the system's configuration of OpenSSL says, Node does not use; reading it takes as long as all of this program. */
  if (installation->own_node && getenv("OPENSSL_CONF") == NULL) arguments[used++] = "--openssl-config=/dev/null";
  /* Node looks for its own --env-file among the arguments of the program too, unless this comes before. */
  arguments[used++] = "--";
  arguments[used++] = (char *)installation->main_js;
  for (int i = 1; i < argc; i++) arguments[used++] = argv[i];
  execv(installation->node, arguments);
  free(arguments);
  die("run %s: %s", installation->node, strerror(errno));
}

/* Which descriptors the caller passes on can only be told before Node opens its own. False when the command wants none. */
static bool note_descriptors(int argc, char **argv) {
  enum { HIGHEST = 1023 };
  char list[(HIGHEST + 1) * 5] = "";
  size_t used = 0;
  bool wanted = false;
  unsetenv("_TSPOD_DESCRIPTORS");
  for (int i = 1; i < argc; i++) wanted = wanted || strncmp(argv[i], "--preserve-fd", 13) == 0;
  if (!wanted) return false;
  for (int fd = 3; fd <= HIGHEST; fd++)
    if (fcntl(fd, F_GETFD) != -1) used += (size_t)snprintf(list + used, sizeof list - used, "%d,", fd);
  setenv("_TSPOD_DESCRIPTORS", list, 1);
  return true;
}

int main(int argc, char **argv) {
  static struct installation installation;
  const char *name = argc > 0 ? argv[0] : "tspod";
  if (strcmp(name, PAUSE_NAME) == 0) pause_for_ever();
  const bool passes_descriptors = note_descriptors(argc, argv);
  const bool whole = passes_descriptors || getenv("_TSPOD_WHOLE") != NULL || is_server(argc, argv) || !suits_quick();
  unsetenv("_TSPOD_WHOLE");
  const bool rootless = geteuid() != 0;
  const char *directory = rootless ? runtime_directory() : "/run/tspod";
  check_memory();
  locate(&installation, directory);
  if (rootless) enter_rootless(directory);
  else forget_rootless();
  save_options();
  setenv("TSPOD_ARGV0", strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name, 1);
  if (!whole) become_quick(&installation, argv);
  become_node(&installation, argc, argv);
}
