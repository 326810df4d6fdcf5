/* Running the runtime from a sealed copy. */
#include "monitor.h"

#include <sys/mman.h>
#include <sys/sendfile.h>

/* Copying a larger one takes longer than what it spares. */
#define LARGEST_COPY (2 << 20)
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static bool is_root_of_machine(void);
static bool has_labels(void);
static bool is_program(int fd);
static int sealed_copy(int from);

/*
 * crun starts, and then starts itself again from a copy that no container can write to, unless it finds itself to be one already. With
 * the copy made here the second start is spared. Not where a runtime has its rights by path or label: users' with AppArmor, all with SELinux.
 * Returns only when it cannot be run at all.
 */
void runtime_exec(char **arguments) {
	int from = is_root_of_machine() && !has_labels() ? open(opt.runtime, O_RDONLY | O_CLOEXEC) : -1;
	int copy = from >= 0 && is_program(from) ? sealed_copy(from) : -1;

	if (copy >= 0)
		fexecve(copy, arguments, environ);
	/* Hosts may forbid memory files that can be run. */
	execv(opt.runtime, arguments);
}

static bool is_root_of_machine(void) {
	char map[64];
	unsigned inside, outside, count;

	return geteuid() == 0 && read_small("/proc/self/uid_map", map, sizeof map) > 0 &&
	       sscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && count == 0xffffffffU;
}

static bool has_labels(void) {
	return !access("/sys/fs/selinux/enforce", F_OK);
}

/* A script has to be found by its interpreter. */
static bool is_program(int fd) {
	struct stat file;
	char magic[4];

	return fstat(fd, &file) == 0 && file.st_size <= LARGEST_COPY && pread(fd, magic, sizeof magic, 0) == sizeof magic &&
	       !memcmp(magic, "\177ELF", sizeof magic);
}

static int sealed_copy(int from) {
	int copy = memfd_create("runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t got = 1;

	if (copy < 0)
		return -1;
	while (got > 0)
		got = sendfile(copy, from, NULL, LARGEST_COPY);
	if (got == 0 && fchmod(copy, 0500) == 0 && fcntl(copy, F_ADD_SEALS, SEALS) == 0)
		return copy;
	close(copy);
	return -1;
}
