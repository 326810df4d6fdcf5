/* Puts a line together that comes in several reads. Memory is held only while a line is incomplete. */
#include "monitor.h"

void lines_feed(struct lines *lines, enum stream stream, const char *data, size_t size, lines_emit *emit, void *to) {
	while (size > 0) {
		const char *newline = memchr(data, '\n', size);
		size_t line = newline ? (size_t)(newline - data) : size;
		size_t rest = size - line - (newline != NULL);

		if (newline && !lines->length && line <= lines->limit) {
			emit(to, stream, data, line, true);
			data = newline + 1;
			size = rest;
			continue;
		}
		if (!lines->held && !(lines->held = malloc(lines->limit))) {
			emit(to, stream, data, line, newline != NULL);
			data += size - rest;
			size = rest;
			continue;
		}
		if (line > 0 && lines->length == lines->limit) {
			emit(to, stream, lines->held, lines->length, false);
			lines->length = 0;
		}
		size_t room = lines->limit - lines->length, part = line < room ? line : room;
		memcpy(lines->held + lines->length, data, part);
		lines->length += part;
		data += part;
		size -= part;
		if (newline && part == line) {
			emit(to, stream, lines->held, lines->length, true);
			lines->length = 0;
			data++;
			size--;
		}
	}
	if (!lines->length) {
		free(lines->held);
		lines->held = NULL;
	}
}

void lines_end(struct lines *lines, enum stream stream, lines_emit *emit, void *to) {
	if (lines->length)
		emit(to, stream, lines->held, lines->length, false);
	lines->length = 0;
	free(lines->held);
	lines->held = NULL;
}
