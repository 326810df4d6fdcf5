/* The json-file driver: one JSON object per line of output; text that is longer, or has no newline at the end, comes without "\n". */
#include "monitor.h"

#define LINE_LIMIT 16384

static struct lines lines[2] = {{.limit = LINE_LIMIT}, {.limit = LINE_LIMIT}};

static char *attributes; /* what every entry has between stream and time */
static size_t attributes_size;

static lines_emit emit;
static json_put put, put_attribute;

void log_json_open(void) {
	FILE *to = open_memstream(&attributes, &attributes_size);

	if (!to)
		die("Out of memory");
	if (opt.log_tag) {
		fputs("\"attrs\":{\"tag\":\"", to);
		json_escape(opt.log_tag, strlen(opt.log_tag), put_attribute, to);
		fputs("\"},", to);
	}
	fclose(to);
}

size_t log_json_note(char *entry, size_t room, const char *text) {
	return snprintf(entry, room, "{\"log\":\"%s\\n\",\"stream\":\"stderr\",\"time\":\"%s\"}\n", text,
			log_time_utc());
}

void log_json_write(struct log_file *file, enum stream stream, const char *data, size_t size) {
	lines_feed(&lines[stream - STDOUT], stream, data, size, emit, file);
}

void log_json_end(struct log_file *file) {
	lines_end(&lines[0], STDOUT, emit, file);
	lines_end(&lines[1], STDERR, emit, file);
}

static void emit(void *to, enum stream stream, const char *line, size_t size, bool complete) {
	struct log_file *file = to;
	char source[32], time[64];

	int source_length = snprintf(source, sizeof source, "%s\",\"stream\":\"%s\",", complete ? "\\n" : "",
				     stream == STDOUT ? "stdout" : "stderr");
	int time_length = snprintf(time, sizeof time, "\"time\":\"%s\"}\n", log_time_utc());
	size_t length = source_length + attributes_size + time_length;
	/* Measured only where a limit needs it. */
	bool limited = opt.log_size_max >= 0 || opt.log_global_size_max >= 0;
	size_t escaped = limited ? json_escape(line, size, NULL, NULL) : size;
	if (!log_file_begin(file, sizeof "{\"log\":\"" - 1 + escaped + length))
		return;
	log_file_put(file, "{\"log\":\"", sizeof "{\"log\":\"" - 1);
	json_escape(line, size, put, file);
	log_file_put(file, source, source_length);
	log_file_put(file, attributes, attributes_size);
	log_file_put(file, time, time_length);
}

static void put(void *to, const char *text, size_t size) {
	log_file_put(to, text, size);
}

static void put_attribute(void *to, const char *text, size_t size) {
	fwrite(text, 1, size, to);
}
