/* Messages about ourselves: to stderr, which is gone once we run in the background, and to syslog. */
#include "monitor.h"

static int max_level = WARN;
static bool use_syslog;

static void emit(enum level level, const char *format, va_list arguments);

void messages_open(int level, bool to_syslog) {
	max_level = level;
	use_syslog = to_syslog;
}

void say(enum level level, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	emit(level, format, arguments);
	va_end(arguments);
}

void die(const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	emit(ERROR, format, arguments);
	va_end(arguments);
	char text[1024];
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	caller_fail(text);
	monitor_exit(1);
}

static void emit(enum level level, const char *format, va_list arguments) {
	static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
	char text[1024];

	if ((int)level > max_level)
		return;
	int head = snprintf(text, sizeof text, "[conmon:%c]: ", "ewid"[level]);
	vsnprintf(text + head, sizeof text - head - 1, format, arguments);
	if (use_syslog)
		syslog(priorities[level], "conmon %.20s: %s", opt.cid ? opt.cid : "", text + head);
	strcat(text, "\n");
	write_all(STDERR_FILENO, text, strlen(text));
}
