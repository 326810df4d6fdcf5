/* The tspod executable: enters the user namespace when not root, then becomes the quick program or Node. No dependency but libc. */
#ifndef TSPOD_LAUNCHER_H
#define TSPOD_LAUNCHER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { EXIT_FAILED = 125, OLDEST_NODE = 24, MAX_RANGES = 64 };
#define PAUSE_NAME "tspod-pause"

/* --- say.c --- */
__attribute__((format(printf, 1, 2), noreturn)) void die(const char *format, ...);
__attribute__((format(printf, 1, 2))) void note(const char *format, ...);
/* False, with an empty text, when the file cannot be read; text that does not fit is cut. */
bool read_text(const char *path, char *text, size_t size);
/* Replaces the file as a whole. */
bool write_text(const char *path, const char *text);
/* printf into a path; dies when it does not fit. */
__attribute__((format(printf, 2, 3))) void format_path(char out[PATH_MAX], const char *format, ...);

/* --- locate.c --- */
struct installation {
  char main_js[PATH_MAX];
  char node[PATH_MAX];
  /* The quick program; empty when there is none, or another Node was asked for. */
  char quick[PATH_MAX];
  /* It came with this installation: its version, and thus its options, are known. */
  bool own_node;
};
/* `cache_dir` keeps the versions of a node on PATH; it may be missing. */
void locate(struct installation *found, const char *cache_dir);

/* --- suits.c --- */
/* False where only Node does what it is to do. */
bool suits_quick(void);
/* Dies when a limit of this process leaves no room for the program. */
void check_memory(void);

/* --- runtime_dir.c --- */
/* Creates it when needed; dies when it is somebody else's. */
const char *runtime_directory(void);

/* --- pause.c --- */
struct pause_record {
  pid_t pid;
  unsigned long long start;
  bool single_id;
};
bool read_pause_record(const char *directory, struct pause_record *record);
bool write_pause_record(const char *directory, const struct pause_record *record);
bool start_time(pid_t pid, unsigned long long *start);
/* Moves this process into the namespaces of that one; false when it is gone. Keeps the working directory. */
bool enter_namespaces(const struct pause_record *record);
/* A process of this user that still holds the namespaces of `directory`: a pause process, else a monitor. */
bool find_survivor(const char *directory, struct pause_record *record, bool *is_pause);
/* The body of the pause process. */
__attribute__((noreturn)) void pause_for_ever(void);

/* --- create.c --- */
/* Starts the pause process: with new namespaces, or in those of `survivor` when it is not NULL. */
void create_pause(const char *directory, const struct pause_record *survivor, struct pause_record *record);

/* --- subids.c --- */
struct range {
  unsigned long start, count;
};
struct subids {
  char user[128];
  /* In /etc/passwd; usermod knows no others, those of a directory service for example. */
  bool is_local;
  /* The group of that entry. newuidmap refuses a process of another one. */
  unsigned login_group;
  struct range uid[MAX_RANGES], gid[MAX_RANGES];
  int uids, gids;
  /* Where the next user's ids could begin. */
  unsigned long free_start;
};
void read_subids(struct subids *subids);
/* Runs newuidmap and newgidmap for `pid`: 0, or a text that says why it did not work. */
const char *apply_subids(const struct subids *subids, pid_t pid);

#endif
