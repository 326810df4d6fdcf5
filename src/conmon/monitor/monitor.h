/* What the files of the monitor share. One process, one thread, one container (or exec session). */
#ifndef MONITOR_H
#define MONITOR_H

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define VERSION "2.2.1"

struct list {
	const char **items; /* NULL-terminated once it has an item */
	int count;
};

struct options {
	const char *cid, *cuuid, *name, *runtime, *bundle, *container_pidfile, *monitor_pidfile;
	const char *restore, *exec_spec, *socket_dir, *exit_dir, *persist_dir, *exit_command;
	const char *log_level, *log_tag, *sdnotify_socket, *seccomp_socket, *seccomp_plugins;
	struct list runtime_args, runtime_opts, log_paths, log_labels, allow_dirs, exit_args;
	bool systemd_cgroup, no_pivot, no_new_keyring, exec, exec_attach, api_version, terminal;
	bool stdin_open, leave_stdin_open, log_rotate, no_partial_message, no_sync_log, syslog;
	bool full_attach, replace_listen_pid, sync, help, version, run;
	int64_t log_size_max, log_global_size_max, log_max_files, exit_delay, timeout;
	/* Extensions: protocol.md. Times are milliseconds. */
	bool exit_restarts, exit_retry, health_events, end_with_caller;
	const char *health_spec, *health_startup_spec, *health_log, *sdnotify_ready;
	struct list health_args;
	int64_t health_interval, health_timeout, health_retries, health_start_period, health_start_interval;
	int64_t health_log_count, health_log_size;
	int64_t startup_interval, startup_timeout, startup_retries, startup_success;
};
extern struct options opt;

/* options.c, options_check.c: both end the process with a message when something is wrong */
bool called_as_pause(const char *name);
void pause_until_told(void) __attribute__((noreturn));
void options_parse(int argc, char **argv);
void options_take_health(const char *text, const char *end);
void options_check(void);

/* main.c */
void container_started(void); /* its program runs: health checks begin, the service manager is told */

/* messages.c: our own messages. die() runs the exit command when it is armed. */
enum level { ERROR, WARN, INFO, DEBUG };
void messages_open(int max_level, bool to_syslog);
void say(enum level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* loop.c: one poll loop with timers and signals as events */
struct source {
	int fd;
	short events;
	bool paused; /* leave it out of poll altogether, hang-ups too */
	void (*ready)(struct source *source, short revents);
};
void loop_init(void); /* blocks the signals that we handle and receives them as events */
void loop_add(struct source *source);
void loop_remove(struct source *source);
void loop_after(int milliseconds, void (*fire)(void)); /* one shot; the same function is armed once */
void loop_cancel(void (*fire)(void));
int64_t loop_now(void); /* milliseconds of a clock that nobody sets */
void loop_step(void);
void loop_restore_signals(void); /* for children: mask and dispositions as inherited */

/* descriptors.c */
int env_fd(const char *name); /* -1: not set; ends the process when it is no open descriptor */
void write_all(int fd, const char *data, size_t size);
ssize_t read_small(const char *path, char *text, size_t size); /* text ends in 0; -1 with errno */
bool write_file_atomically(const char *dir, const char *name, const char *text);
/* On a full disk: what little there is goes into the name's own place, as the target of a symbolic link. */
bool write_name_only(const char *dir, const char *name, const char *text);
bool bind_unix(int fd, const char *dir, const char *name); /* any length of path */
void close_all_except(const int *keep, int count); /* from 3 up */
void streams_to_null(void);
void set_nonblocking(int fd);
char *join(const char *a, const char *b, const char *c); /* new string; ends the process without memory */

/* caller.c: the pipes to the process that started us */
void caller_open(void);
void caller_wait_start(void);
bool caller_wait_start_again(void); /* false: the pipe closed without a byte */
void caller_drop_start(void);
/* Descriptors before the sync pipe's are for the container's program: the runtime has them now. */
void caller_drop_preserved(void);
void caller_attach_ready(void);
void caller_report(int value, const char *message);
void caller_fail(const char *message); /* like report of -1, unless something was reported */
/* protocol.md: exit pipe; unexecuted may be NULL */
bool caller_takes_cleanup(int exit_code, bool oom, const char *unexecuted);
void caller_watch(void (*gone)(void)); /* the exit pipe; called at once when it has closed already */
void caller_close_others(void); /* every descriptor but those that the end still needs */

/* runtime.c */
pid_t runtime_start(void);
const char **runtime_exec_arguments(const char *spec, const char *pidfile);
void oom_score_protect(void);
void oom_score_restore(void);

/* runtime_copy.c */
void runtime_exec(char **arguments); /* returns on failure only */

/* reaper.c */
void reaper_watch_runtime(pid_t pid);
void reaper_watch_container(pid_t pid);
void reaper_collect(void);
void reaper_watch(pid_t pid, void (*ended)(int status)); /* may call at once, if it was faster than we */
void reaper_forget(void); /* who has ended until now: their pids may be used again */
void reaper_forward(int signal);
bool runtime_done(int *status);
bool container_done(int *status);
bool container_unexecuted(void); /* the kernel refused its program: what ended is still the runtime */
pid_t container_pid(void);

/* stdio.c, terminal.c: streams of the container. Indexes as in the attach protocol. */
enum stream { STDOUT = 2, STDERR = 3 };
void stdio_open(void);
void stdio_child(void); /* in the runtime child: descriptors 0, 1, 2 */
void stdio_close_child_ends(void);
void stdio_start(void);
void stdio_drain(void);
void stdio_pause(bool paused); /* back-pressure: stop taking output */
void stdio_set_terminal(int master);
size_t stdio_runtime_error(char *buffer, size_t size);
const char *stdio_first_line(void); /* of all output; cut off after 255 bytes */
void terminal_open(void);
const char *terminal_socket(void); /* NULL without --terminal */
bool terminal_arrived(void);
void terminal_resize(int rows, int columns);
void terminal_unlink(void);

/* stdin.c: input of clients on its way to the container */
void stdin_use(int fd);
bool stdin_busy(void); /* the container has not taken the last packet yet: do not read more */
void stdin_feed(const char *data, size_t size);
void stdin_end(void); /* a client has no more input */
char *stdin_buffer(size_t *size);

/* attach.c, client.c */
void attach_open(void);
void attach_accept(void); /* takes every client that waits in the listener's queue */
void attach_close(void);  /* removes socket and symlink */
bool clients_accept(int listener);
void clients_send(enum stream stream, const char *data, size_t size);
void clients_update(void); /* after the state of stdin changed */
void clients_linger(void); /* hands what slow clients still have to get to a child of its own */

/* control.c, notify.c, oom.c */
void control_open(void);
void notify_open(void);
void notify_stop(void);
void notify_started(void); /* the container runs */
void notify_ready(void);   /* it is healthy */
void oom_watch(pid_t pid);
bool oom_happened(void);

/* health.c, health_check.c, health_log.c: see protocol.md */
struct check {
	char start[48], end[48];
	int code; /* -1: it could not be started, or took too long */
	char *output;
	size_t size;
};
void health_begin(void); /* the container runs */
void health_check_now(void);
void health_reload(void); /* the options about health have changed */
void health_check_start(const char *spec, int timeout, void (*done)(struct check *check));
void health_check_kill(void);
void health_log_write(const char *status, int64_t streak, const struct check *check); /* check: NULL for none yet */

/* exit.c */
pid_t exit_start(const struct list *args, const char *first, const char *second, int output); /* NULL: no more words */
void exit_arm(void); /* from here every end of the monitor runs the exit command */
void monitor_exit(int status) __attribute__((noreturn));
void monitor_finish(int exit_code, bool timed_out) __attribute__((noreturn));

/* log.c and the drivers */
#define CHUNK 8192
void log_parse_paths(void);
void log_check(void);
void log_open(void);
bool log_is_passthrough(void);
void log_write(enum stream stream, const char *data, size_t size); /* one chunk */
void log_flush(void);
void log_reopen(void);
void log_end(void);
const char *log_time_local(void); /* time of the last log_tick() */
const char *log_time_utc(void);
void log_tick(void);

struct log_file {
	const char *path;
	int fd;
	int64_t size, total; /* bytes in the file now; written in the whole life */
	char *out;           /* OUT_SIZE bytes, fill of them waiting */
	size_t fill;
	int64_t lost; /* bytes that could not be written since the last ones that could */
	int failure;  /* and why: errno */
	size_t (*note)(char *entry, size_t room, const char *text); /* an entry of its own, on stderr */
};
#define OUT_SIZE 65536
void log_file_open(struct log_file *file);
bool log_file_begin(struct log_file *file, size_t entry); /* false: global limit reached, drop it */
void log_file_put(struct log_file *file, const char *data, size_t size);
void log_file_flush(struct log_file *file);
void log_file_start_anew(struct log_file *file);
int log_rotate(const struct log_file *file); /* new descriptor or -1: keep the old one */

size_t log_k8s_note(char *entry, size_t room, const char *text);
size_t log_json_note(char *entry, size_t room, const char *text);
void log_k8s_write(struct log_file *file, enum stream stream, const char *data, size_t size);
void log_json_open(void);
void log_json_write(struct log_file *file, enum stream stream, const char *data, size_t size);
void log_json_end(struct log_file *file);
void log_journald_open(void);
void log_journald_write(enum stream stream, const char *data, size_t size);
void log_journald_end(void);

/* json.c: returns the size of the escaped text; without put it only measures */
typedef void json_put(void *to, const char *text, size_t size);
size_t json_escape(const char *text, size_t size, json_put *put, void *to);

/* lines.c: puts lines together that come in parts */
struct lines {
	size_t limit, length;
	char *held;
};
typedef void lines_emit(void *to, enum stream stream, const char *line, size_t size, bool complete);
void lines_feed(struct lines *lines, enum stream stream, const char *data, size_t size, lines_emit *emit, void *to);
void lines_end(struct lines *lines, enum stream stream, lines_emit *emit, void *to);

#endif
