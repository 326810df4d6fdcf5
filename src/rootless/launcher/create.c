/* Making the namespaces and the pause process that keeps them. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NR_CLOSE_RANGE = 436 };

/* What the new process tells: how far it has come, or where it failed. */
struct report {
  pid_t pid;
  int error;
  char step[40];
};

static bool sysctl_is(const char *path, const char *value) {
  char text[32];
  return read_text(path, text, sizeof text) && strncmp(text, value, strlen(value)) == 0 && text[strlen(value)] == '\n';
}

__attribute__((noreturn)) static void explain(const char *step, int error) {
  static const char begin[] = "tspod without root needs a user namespace, and the system forbids it";
  if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", "0"))
    die("%s: let root run: sysctl -w kernel.unprivileged_userns_clone=1", begin);
  if (sysctl_is("/proc/sys/user/max_user_namespaces", "0"))
    die("%s: let root run: sysctl -w user.max_user_namespaces=15000", begin);
  if ((error == EPERM || error == EACCES) && sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"))
    die("%s by AppArmor: let root install an AppArmor profile that allows userns for tspod, or run: "
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0", begin);
  if (error == ENOSPC) die("make a user namespace: the limit user.max_user_namespaces is reached");
  if (error == EUSERS) die("make a user namespace: namespaces are nested too deeply");
  if (error == EINVAL || error == ENOSYS) die("make a user namespace: this kernel has none (CONFIG_USER_NS)");
  if (error == EPERM && strcmp(step, "unshare") == 0)
    die("make a user namespace: not permitted (in a chroot? or in a container, whose seccomp profile or capabilities forbid it)");
  die("make the user namespace: %s: %s", step, strerror(error));
}

__attribute__((noreturn)) static void fail(int channel, const char *step) {
  struct report report = {.pid = getpid(), .error = errno};
  snprintf(report.step, sizeof report.step, "%s", step);
  if (write(channel, &report, sizeof report) < 0) _exit(1);
  _exit(0);
}

/* Nothing of the caller's may stay with a process that outlives it: no descriptor, directory, session, environment. */
static void let_go(int channel) {
  /* First, because the caller may have started us with the standard streams closed. */
  if (channel != 3) dup2(channel, 3);
  fcntl(3, F_SETFD, FD_CLOEXEC);
  int null = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++)
    if (null != -1) dup2(null, fd);
  if (syscall(NR_CLOSE_RANGE, 4, ~0U, 0) == -1)
    for (int fd = 4; fd < 65536; fd++) close(fd);
  setsid();
  if (chdir("/") == -1) _exit(1);
}

/* The future pause process. The end of the channel, closed by exec, tells the launcher of success. */
__attribute__((noreturn)) static void become_pause(int channel, const char *directory, const struct pause_record *survivor) {
  struct report report = {.pid = getpid()};
  char go, *arguments[] = {PAUSE_NAME, (char *)directory, NULL}, *environment[] = {NULL};
  if (survivor != NULL) {
    if (!enter_namespaces(survivor)) fail(channel, "enter the surviving namespace");
  } else if (unshare(CLONE_NEWUSER) == -1) {
    fail(channel, "unshare");
  }
  if (write(channel, &report, sizeof report) != sizeof report || read(channel, &go, 1) != 1) _exit(1);
  if (survivor == NULL) {
    if (setresgid(0, 0, 0) == -1 || setresuid(0, 0, 0) == -1) fail(channel, "become id 0");
    if (unshare(CLONE_NEWNS) == -1) fail(channel, "unshare the mounts");
    if (mount("none", "/", NULL, MS_REC | MS_SLAVE, NULL) == -1) fail(channel, "make the mounts follow the host's");
  }
  let_go(channel);
  execve("/proc/self/exe", arguments, environment);
  fail(3, "exec");
}

/* Twice forked, so that it is nobody's child when the launcher has become Node. Returns our end of the channel. */
static int start(const char *directory, const struct pause_record *survivor) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1) die("make a socket pair: %s", strerror(errno));
  pid_t child = fork();
  if (child == -1) die("start the pause process: %s", strerror(errno));
  if (child == 0) {
    close(ends[0]);
    if (fork() == 0) become_pause(ends[1], directory, survivor);
    _exit(0);
  }
  close(ends[1]);
  while (waitpid(child, NULL, 0) == -1 && errno == EINTR) {
  }
  return ends[0];
}

/* False at the end of the channel. */
static bool receive(int channel, struct report *report) {
  ssize_t length;
  do length = read(channel, report, sizeof *report);
  while (length == -1 && errno == EINTR);
  if (length != sizeof *report) return false;
  if (report->error != 0) explain(report->step, report->error);
  return true;
}

static void write_map(pid_t pid, const char *name, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd == -1 || write(fd, text, strlen(text)) == -1) explain(name, errno);
  close(fd);
}

/* What any user may do without help: itself as id 0, and no change of groups. */
static void map_single_id(pid_t pid) {
  char text[32];
  write_map(pid, "setgroups", "deny");
  snprintf(text, sizeof text, "0 %u 1\n", geteuid());
  write_map(pid, "uid_map", text);
  snprintf(text, sizeof text, "0 %u 1\n", getegid());
  write_map(pid, "gid_map", text);
}

void create_pause(const char *directory, const struct pause_record *survivor, struct pause_record *record) {
  struct subids subids = {0};
  struct report report = {0};
  record->single_id = survivor != NULL && survivor->single_id;
  int channel = start(directory, survivor);
  if (!receive(channel, &report)) die("start the pause process: it ended at once");
  if (survivor == NULL) {
    read_subids(&subids);
    const char *why = apply_subids(&subids, report.pid);
    if (why != NULL) {
      note("containers get a single user id: %s. Then run: tspod system migrate", why);
      /* A namespace's map is written once: one that is half done is given up. */
      close(channel);
      channel = start(directory, NULL);
      if (!receive(channel, &report)) die("start the pause process: it ended at once");
      map_single_id(report.pid);
      record->single_id = true;
    }
  }
  if (write(channel, "g", 1) != 1) die("start the pause process: it ended early");
  struct report last;
  if (receive(channel, &last)) die("start the pause process: unexpected answer");
  close(channel);
  record->pid = report.pid;
  if (!start_time(record->pid, &record->start)) die("start the pause process: it ended at once");
}
