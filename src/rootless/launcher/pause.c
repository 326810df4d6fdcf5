/* The process that keeps the namespaces, the file that names it, and entering them. */
#include "launcher.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

bool start_time(pid_t pid, unsigned long long *start) {
  char path[64], text[2048];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (!read_text(path, text, sizeof text)) return false;
  /* The second field is a free text in parentheses; the start time is the 22nd. */
  const char *field = strrchr(text, ')');
  for (int i = 2; field != NULL && i < 22; i++) field = strchr(field + 1, ' ');
  return field != NULL && sscanf(field, " %llu", start) == 1;
}

bool read_pause_record(const char *directory, struct pause_record *record) {
  char path[PATH_MAX], text[128], maps[8];
  format_path(path, "%s/pause.pid", directory);
  if (!read_text(path, text, sizeof text) || sscanf(text, "%d %llu %7s", &record->pid, &record->start, maps) != 3) return false;
  record->single_id = strcmp(maps, "single") == 0;
  return record->pid > 1;
}

bool write_pause_record(const char *directory, const struct pause_record *record) {
  char path[PATH_MAX], text[128];
  format_path(path, "%s/pause.pid", directory);
  snprintf(text, sizeof text, "%d %llu %s\n", record->pid, record->start, record->single_id ? "single" : "full");
  return write_text(path, text);
}

static int open_namespace(pid_t pid, const char *type) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/%s", pid, type);
  return open(path, O_RDONLY | O_CLOEXEC);
}

/* By name first: a descriptor from before would stay in the old mount namespace and see none of the new mounts. */
static void return_to(const char *name, int fd) {
  struct stat wanted, found;
  if (fd == -1) return;
  if (name != NULL && name[0] == '/' && chdir(name) == 0 && fstat(fd, &wanted) == 0 && stat(".", &found) == 0 &&
      wanted.st_ino == found.st_ino && wanted.st_dev == found.st_dev)
    return;
  if (fchdir(fd) == -1) note("the working directory cannot be kept: %s", strerror(errno));
}

bool enter_namespaces(const struct pause_record *record) {
  char name_buffer[PATH_MAX];
  unsigned long long start;
  int user = open_namespace(record->pid, "user"), mount = open_namespace(record->pid, "mnt");
  /* Compared after opening: whatever was opened belongs to the process of that start time, or it is stale. */
  if (user == -1 || mount == -1 || !start_time(record->pid, &start) || start != record->start) {
    if (user != -1) close(user);
    if (mount != -1) close(mount);
    return false;
  }
  const char *name = getcwd(name_buffer, sizeof name_buffer);
  int directory = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (setns(user, CLONE_NEWUSER) == -1 || setns(mount, CLONE_NEWNS) == -1)
    die("enter the user namespace of process %d (%s): %s", record->pid, PAUSE_NAME, strerror(errno));
  return_to(name, directory);
  if (directory != -1) close(directory);
  close(user);
  close(mount);
  return true;
}

/* Whether one of the words in /proc/PID/`file` is `start` and then nothing, or something after `next`. */
static bool has_word(pid_t pid, const char *file, const char *start, const char *next) {
  static char text[262144];
  char path[64];
  ssize_t length = 0, got = 0;
  snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd == -1) return false;
  while ((size_t)length < sizeof text - 1 && (got = read(fd, text + length, sizeof text - 1 - (size_t)length)) > 0) length += got;
  close(fd);
  text[length] = '\0';
  for (const char *word = text; word < text + length; word += strlen(word) + 1)
    if (strncmp(word, start, strlen(start)) == 0 && strchr(next, word[strlen(start)]) != NULL) return true;
  return false;
}

/*
 * A process's command line shows for which runtime directory it works: as an argument, or the start of a path. A monitor whose
 * container has its files elsewhere (--runroot) still has the environment of the command that started it.
 */
static bool works_for(pid_t pid, const char *directory) {
  char variable[PATH_MAX];
  format_path(variable, "_TSPOD_RUNTIME_DIR=%s", directory);
  return has_word(pid, "cmdline", directory, "/") || has_word(pid, "environ", variable, "");
}

static bool has_other_user_namespace(pid_t pid) {
  struct stat ours, theirs;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
  return stat("/proc/self/ns/user", &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino != theirs.st_ino;
}

/*
 * Root of a container has our id, and may give itself any name, arguments and environment: but it has another root directory (or, with
 * the host's, is trusted with all of it), mostly other process ids. Entering its namespaces would run what it put in the place of Node.
 */
static bool is_outside_containers(pid_t pid) {
  struct stat ours, theirs;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/root", pid);
  if (stat("/", &ours) != 0 || stat(path, &theirs) != 0 || ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino) return false;
  snprintf(path, sizeof path, "/proc/%d/ns/pid", pid);
  return stat("/proc/self/ns/pid", &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino;
}

static bool has_single_id(pid_t pid) {
  char path[64], text[4096];
  snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
  return read_text(path, text, sizeof text) && strchr(text, '\n') == strrchr(text, '\n');
}

bool find_survivor(const char *directory, struct pause_record *record, bool *is_pause) {
  char path[64], name[32];
  struct stat status;
  bool found = false;
  DIR *processes = opendir("/proc");
  const struct dirent *entry;
  *is_pause = false;
  while (processes != NULL && !*is_pause && (entry = readdir(processes)) != NULL) {
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    pid_t pid = atoi(entry->d_name);
    snprintf(path, sizeof path, "/proc/%d", pid);
    if (stat(path, &status) != 0 || status.st_uid != geteuid()) continue;
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    if (!read_text(path, name, sizeof name)) continue;
    bool pause_process = strcmp(name, PAUSE_NAME "\n") == 0;
    if (!pause_process && strcmp(name, "tspod-monitor\n") != 0 && strcmp(name, "conmon\n") != 0) continue;
    struct pause_record candidate = {.pid = pid, .single_id = has_single_id(pid)};
    if (!start_time(pid, &candidate.start) || !works_for(pid, directory) || !has_other_user_namespace(pid) ||
        !is_outside_containers(pid))
      continue;
    *record = candidate;
    *is_pause = pause_process;
    found = true;
  }
  if (processes != NULL) closedir(processes);
  return found;
}

void pause_for_ever(void) {
  /* The command name is that of the file otherwise. */
  prctl(PR_SET_NAME, PAUSE_NAME);
  signal(SIGINT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGTERM, SIG_DFL);
  for (;;) pause();
}
