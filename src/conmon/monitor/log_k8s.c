/* The k8s-file driver: TIME STREAM TAG TEXT, with tag P where a line is not complete. */
#include "monitor.h"

#define TIME_LENGTH 35

size_t log_k8s_note(char *entry, size_t room, const char *text) {
	return snprintf(entry, room, "%s stderr F %s\n", log_time_local(), text);
}

void log_k8s_write(struct log_file *file, enum stream stream, const char *data, size_t size) {
	char head[TIME_LENGTH + sizeof " stdout F "];
	const size_t length = sizeof head - 1;

	memcpy(head, log_time_local(), TIME_LENGTH);
	memcpy(head + TIME_LENGTH, stream == STDOUT ? " stdout F " : " stderr F ", sizeof " stdout F ");
	while (size > 0) {
		const char *newline = memchr(data, '\n', size);
		size_t line = newline ? (size_t)(newline - data) + 1 : size;
		head[length - 2] = newline ? 'F' : 'P';
		if (log_file_begin(file, length + line + !newline)) {
			log_file_put(file, head, length);
			log_file_put(file, data, line);
			if (!newline)
				log_file_put(file, "\n", 1);
		}
		data += line;
		size -= line;
	}
}
