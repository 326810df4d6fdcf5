import { readdirSync, readFileSync } from 'node:fs';
import { ensureTestUser } from '../setup/test-user.mjs';

/**
 * Everything to run tests as an ordinary user, from root: how to wrap a command, and `release`, which ends what the user still
 * runs (the process that holds its namespace lives as long as a login).
 */
export function prepareUnprivileged() {
  const user = ensureTestUser();
  endProcessesOf(user);
  const env = {
    HOME: user.home,
    USER: user.name,
    LOGNAME: user.name,
    SHELL: '/bin/sh',
    LANG: 'C.UTF-8',
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    XDG_RUNTIME_DIR: user.runtimeDirectory,
    TSPOD_TEST_AS: 'rootless',
    ...(process.env.TSPOD_TEST_RUNS === undefined ? {} : { TSPOD_TEST_RUNS: process.env.TSPOD_TEST_RUNS }),
  };
  const asUser = (command) => [
    'setpriv',
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    '--init-groups',
    '--reset-env',
    '--',
    'env',
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...command,
  ];
  return { user, wrap: asUser, release: () => endProcessesOf(user) };
}

/** Of this user and of its subordinate ids; the user exists for these tests only. */
function endProcessesOf({ name, uid }) {
  const ranges = readFileSync('/etc/subuid', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([owner]) => owner === name || owner === String(uid))
    .map(([, start, count]) => [Number(start), Number(start) + Number(count)]);
  const isTheirs = (id) => id === uid || ranges.some(([start, end]) => id >= start && id < end);
  for (const pid of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const id = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
      if (isTheirs(id)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Ended while we looked.
    }
  }
}
