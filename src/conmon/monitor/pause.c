/* As the infra container of a pod: this program under the name `pause` keeps the namespaces and reaps what is left to it. */
#include "monitor.h"

bool called_as_pause(const char *name) {
	const char *slash = strrchr(name, '/');

	return !strcmp(slash ? slash + 1 : name, "pause");
}

void pause_until_told(void) {
	sigset_t wanted;
	int received;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGINT);
	sigaddset(&wanted, SIGTERM);
	/* Blocked, a signal waits even for the first process of a namespace, which those that nobody handles do not reach. */
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	prctl(PR_SET_NAME, "pause");
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (!sigwait(&wanted, &received) && received != SIGCHLD)
			_exit(0);
	}
}
