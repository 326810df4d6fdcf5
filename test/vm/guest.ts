import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';

/** `lingering` has a service manager at all times, `visitor` while logged in. */
export type GuestUser = 'root' | 'lingering' | 'visitor';

export interface GuestResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

const LIMIT_MS = 120_000;

/** Runs a script of the shell in a login of its own, which is over when this returns. */
export function guest(user: GuestUser, script: string): GuestResult {
  const ssh = JSON.parse(process.env['TSPOD_VM_SSH'] ?? 'null') as string[] | null;
  assert.ok(ssh, 'start these tests by `npm run test:vm`');
  const [program = 'ssh', ...args] = ssh;
  const result = spawnSync(program, [...args, `${user}@127.0.0.1`, 'bash -s'], {
    input: script,
    encoding: 'utf8',
    timeout: LIMIT_MS,
  });
  return { code: result.status, stdout: result.stdout, stderr: result.stderr };
}

/** The same, has to succeed; returns what it printed, without white space at its end. */
export function must(user: GuestUser, script: string): string {
  const { code, stdout, stderr } = guest(user, `set -e\n${script}`);
  assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
  return stdout.trimEnd();
}

/** Until the script succeeds; a boot on emulated processors takes its time. */
export async function eventually(user: GuestUser, script: string, limitMs = LIMIT_MS): Promise<string> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const { code, stdout, stderr } = guest(user, `set -e\n${script}`);
    if (code === 0) return stdout.trimEnd();
    if (performance.now() > deadline) assert.fail(`not in time: ${script}\n${stdout}${stderr}`);
    await pause(500);
  }
}

/** Removes all containers; nothing of them may be left: no scope, cgroup, mount, namespace or process. */
export async function leavesNothing(user: GuestUser): Promise<void> {
  must(user, 'tspod rm -f -t 0 -a >/dev/null');
  const systemctl = user === 'root' ? 'systemctl' : 'systemctl --user';
  await eventually(user, `! ${systemctl} list-units --all --no-legend 'libpod-*' | grep .`);
  const owned = user === 'root' ? 'machine.slice' : `user.slice/user-$(id -u).slice`;
  await eventually(user, `! find /sys/fs/cgroup/${owned} -name 'libpod-*' | grep .`);
  await eventually(user, '! pgrep -u "$(id -u)" "tspod-monitor|pasta"');
  const runRoot = user === 'root' ? '/run/tspod' : '/run/user/$(id -u)/tspod';
  assert.equal(must(user, `ls -A ${runRoot}/netns ${runRoot}/exits | grep -v : || true`), '');
  assert.equal(must(user, "grep -E ' (overlay|nsfs|fuse.fuse-overlayfs) ' /proc/self/mounts || true"), '');
}
