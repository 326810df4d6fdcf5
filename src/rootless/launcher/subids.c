/* Subordinate ids: the ranges of this user in /etc/subuid and /etc/subgid, and the programs that map them. */
#include "launcher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Read from the file: a static program has no name services. newuidmap checks the name again. */
static bool find_user_name(char *name, size_t size, unsigned *group) {
  char line[1024], found[128];
  unsigned uid;
  const char *given = getenv("USER");
  bool is_local = false;
  FILE *users = fopen("/etc/passwd", "re");
  snprintf(name, size, "%s", given != NULL && given[0] != '\0' ? given : "");
  while (users != NULL && fgets(line, sizeof line, users) != NULL)
    if (sscanf(line, "%127[^:]:%*[^:]:%u:%u:", found, &uid, group) == 3 && uid == geteuid()) {
      snprintf(name, size, "%s", found);
      is_local = true;
      break;
    }
  if (users != NULL) fclose(users);
  if (name[0] == '\0') snprintf(name, size, "%u", geteuid());
  return is_local;
}

static bool overlaps(const struct range *ranges, int count, struct range next) {
  for (int i = 0; i < count; i++)
    if (next.start < ranges[i].start + ranges[i].count && ranges[i].start < next.start + next.count) return true;
  return false;
}

/* Lines NAME-OR-ID:START:COUNT. The kernel refuses overlapping ranges as a whole, so a repeated one is left out. */
static int read_ranges(const char *path, struct subids *subids, unsigned own_id, struct range *ranges) {
  char line[256], owner[128], own[16];
  struct range next, self = {.start = own_id, .count = 1};
  int count = 0;
  FILE *file = fopen(path, "re");
  snprintf(own, sizeof own, "%u", geteuid());
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    if (sscanf(line, "%127[^:]:%lu:%lu", owner, &next.start, &next.count) != 3 || next.count == 0) continue;
    if (next.start > 0xfffffffeUL || next.count > 0xffffffffUL - next.start) continue;
    if (next.start + next.count > subids->free_start) subids->free_start = next.start + next.count;
    if (strcmp(owner, subids->user) != 0 && strcmp(owner, own) != 0) continue;
    if (count < MAX_RANGES && !overlaps(ranges, count, next) && !overlaps(&self, 1, next)) ranges[count++] = next;
  }
  if (file != NULL) fclose(file);
  return count;
}

void read_subids(struct subids *subids) {
  subids->is_local = find_user_name(subids->user, sizeof subids->user, &subids->login_group);
  subids->free_start = 100000;
  subids->uids = read_ranges("/etc/subuid", subids, geteuid(), subids->uid);
  subids->gids = read_ranges("/etc/subgid", subids, getegid(), subids->gid);
}

/* PROGRAM PID 0 OWN 1 1 START COUNT ... */
static void exec_mapper(const char *program, pid_t pid, unsigned own_id, const struct range *ranges, int count) {
  static char text[3 * (MAX_RANGES + 1) + 1][24];
  char *arguments[3 * (MAX_RANGES + 1) + 3], path[64];
  unsigned long inside = 1;
  int used = 0;
  snprintf(text[used++], sizeof *text, "%d", pid);
  snprintf(text[used++], sizeof *text, "0");
  snprintf(text[used++], sizeof *text, "%u", own_id);
  snprintf(text[used++], sizeof *text, "1");
  for (int i = 0; i < count; i++) {
    snprintf(text[used++], sizeof *text, "%lu", inside);
    snprintf(text[used++], sizeof *text, "%lu", ranges[i].start);
    snprintf(text[used++], sizeof *text, "%lu", ranges[i].count);
    inside += ranges[i].count;
  }
  snprintf(path, sizeof path, "%s", program);
  arguments[0] = path;
  for (int i = 0; i < used; i++) arguments[i + 1] = text[i];
  arguments[used + 1] = NULL;
  execvp(program, arguments);
  snprintf(path, sizeof path, "/usr/bin/%s", program);
  execv(path, arguments);
  _exit(errno == ENOENT ? 127 : 126);
}

static int run_mapper(const char *program, pid_t pid, unsigned own_id, const struct range *ranges, int count) {
  int status = 0;
  pid_t child = fork();
  if (child == 0) exec_mapper(program, pid, own_id, ranges, count);
  if (child == -1) return 126;
  while (waitpid(child, &status, 0) == -1 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

static const char *explain_missing(const struct subids *subids) {
  static char why[512];
  int used = snprintf(why, sizeof why, "user %s has no subordinate ids in /etc/subuid and /etc/subgid. Let root run: ",
                      subids->user);
  unsigned long first = subids->free_start, last = first + 65535;
  if (subids->is_local)
    snprintf(why + used, sizeof why - (size_t)used, "usermod --add-subuids %lu-%lu --add-subgids %lu-%lu %s", first, last,
             first, last, subids->user);
  else
    snprintf(why + used, sizeof why - (size_t)used, "echo %s:%lu:65536 | tee -a /etc/subuid /etc/subgid", subids->user, first);
  return why;
}

const char *apply_subids(const struct subids *subids, pid_t pid) {
  if (subids->uids == 0 || subids->gids == 0) return explain_missing(subids);
  int status = run_mapper("newuidmap", pid, geteuid(), subids->uid, subids->uids);
  if (status == 0) status = run_mapper("newgidmap", pid, getegid(), subids->gid, subids->gids);
  if (status == 0) return NULL;
  if (status == 127)
    return "newuidmap is missing. Let root run: apt-get install uidmap (Debian, Ubuntu) or dnf install shadow-utils (Fedora)";
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
    return "newuidmap cannot gain its privilege, because no_new_privs is set for this session (NoNewPrivileges= of its service?)";
  if (subids->is_local && subids->login_group != getegid()) {
    static char why[160];
    snprintf(why, sizeof why, "newuidmap refuses the group of this process, %u: the one of %.64s in /etc/passwd is %u", getegid(),
             subids->user, subids->login_group);
    return why;
  }
  return "newuidmap or newgidmap failed (see above): they have to be setuid root or with file capabilities, and not mounted nosuid";
}
