/* State and log of the health checks: one JSON document in podman's form, one entry a line, which appears by rename. */
#include "monitor.h"

static const char ENTRY[] = "{\"Start\":";

static void copy_entries(FILE *to);
static void put_entry(FILE *to, const struct check *check);
static void put(void *to, const char *text, size_t size);

void health_log_write(const char *status, int64_t streak, const struct check *check) {
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (!file)
		return;
	fprintf(file, "{\"Status\":\"%s\",\"FailingStreak\":%lld,\"Log\":[", status, (long long)streak);
	if (check) {
		copy_entries(file);
		put_entry(file, check);
	}
	fputs("\n]}\n", file);
	if (fclose(file) == 0)
		write_file_atomically("", opt.health_log, text);
	free(text);
}

/* The last entries of the document there is, leaving room for one more. */
static void copy_entries(FILE *to) {
	FILE *from = fopen(opt.health_log, "re");
	char *line = NULL;
	size_t size = 0;
	int64_t entries = 0;

	if (!from)
		return;
	while (getline(&line, &size, from) > 0)
		entries += !strncmp(line, ENTRY, sizeof ENTRY - 1);
	int64_t skipped = opt.health_log_count > 0 ? entries - opt.health_log_count + 1 : 0;
	rewind(from);
	while (getline(&line, &size, from) > 0) {
		size_t length = strcspn(line, "\n");
		if (strncmp(line, ENTRY, sizeof ENTRY - 1) || skipped-- > 0)
			continue;
		/* All but the last have their comma already. */
		line[length > 0 && line[length - 1] == ',' ? length - 1 : length] = 0;
		fprintf(to, "\n%s,", line);
	}
	free(line);
	fclose(from);
}

static void put_entry(FILE *to, const struct check *check) {
	fprintf(to, "\n%s\"%s\",\"End\":\"%s\",\"ExitCode\":%d,\"Output\":\"", ENTRY, check->start, check->end,
		check->code);
	if (check->size > 0)
		json_escape(check->output, check->size, put, to);
	fputs("\"}", to);
}

static void put(void *to, const char *text, size_t size) {
	fwrite(text, 1, size, to);
}
