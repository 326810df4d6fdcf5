import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { openDatabase } from '../../src/state/db.ts';
import { findRemains, processesOfContainer, query } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeTestRoot, type TestRoot, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { waitFor } from '../fixtures/wait-for.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

before(() => busyboxImage());

const inspect = (format: string, name: string, root = testRoot()) =>
  tspodOk(['inspect', '--format', format, name], { root });
const state = (name: string, root?: TestRoot) => inspect('{{.State.Status}}', name, root);

async function startSleeper(
  name: string,
  root = testRoot(),
): Promise<{ id: string; monitor: number; process: number }> {
  const id = await tspodOk(
    [
      'run',
      '-d',
      '--network',
      'none',
      '--name',
      name,
      'busybox',
      'sh',
      '-c',
      'trap "exit 5" TERM; while :; do sleep 0.1; done',
    ],
    { root },
  );
  return { id, ...processesOfContainer(root, id) };
}

async function killAndWait(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  await waitFor(`process ${pid} to end`, () => !isRunning(pid));
}

function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

test('a container whose monitor was killed runs on and can be entered, and its exit code is reported as lost', async () => {
  const { monitor } = await startSleeper('orphan');
  await killAndWait(monitor);
  assert.equal(await state('orphan'), 'running');
  assert.equal(await tspodOk(['exec', 'orphan', 'echo', 'inside']), 'inside');
  const waiting = tspod(['wait', 'orphan']);
  await tspodOk(['stop', '--time', '5', 'orphan']);
  assert.equal(await state('orphan'), 'exited');
  assert.equal((await waiting).stdout.trim(), '-1');
  assert.equal(await inspect('{{.State.ExitCode}}', 'orphan'), '-1');
  assert.match(await inspect('{{.State.Error}}', 'orphan'), /exit code lost/);
  await tspodOk(['start', 'orphan']);
  assert.equal(await state('orphan'), 'running');
  await tspodOk(['rm', '-f', '--time', '0', 'orphan']);
  assert.deepEqual(await findRemains(testRoot()), []);
});

test('kill and rm --force work on a container whose monitor was killed', async () => {
  const { monitor, process: pid } = await startSleeper('orphan');
  await killAndWait(monitor);
  await tspodOk(['kill', 'orphan']);
  await waitFor('the program to end', () => !isRunning(pid));
  assert.equal(await state('orphan'), 'exited');
  await tspodOk(['start', 'orphan']);
  await killAndWait(processesOfContainer(testRoot(), await inspect('{{.Id}}', 'orphan')).monitor);
  await tspodOk(['rm', '-f', '--time', '0', 'orphan']);
  assert.deepEqual(await findRemains(testRoot()), []);
});

test('a monitor that somebody has stopped goes on when its container is stopped or removed, and tells the exit code', async () => {
  const { monitor } = await startSleeper('held');
  process.kill(monitor, 'SIGSTOP');
  await tspodOk(['stop', '--time', '5', 'held']);
  assert.equal(await inspect('{{.State.ExitCode}}', 'held'), '5');
  await tspodOk(['start', 'held']);
  const { monitor: second } = processesOfContainer(testRoot(), await inspect('{{.Id}}', 'held'));
  process.kill(second, 'SIGSTOP');
  const waiting = tspod(['wait', 'held']);
  await tspodOk(['rm', '-f', '--time', '0', 'held']);
  assert.equal((await waiting).stdout, '137\n');
  assert.deepEqual(await findRemains(testRoot()), []);
});

test('who waits for a container is told that somebody has stopped its monitor', async () => {
  const { monitor } = await startSleeper('silent');
  const waiting = [['wait'], ['attach', '--no-stdin']].map((words) => spawnTspod([...words, 'silent']));
  process.kill(monitor, 'SIGSTOP');
  for (const one of waiting)
    await one.expect(`somebody has stopped; \`kill -CONT ${monitor}\``, { from: 'stderr' });
  process.kill(monitor, 'SIGCONT');
  await tspodOk(['rm', '-f', '--time', '0', 'silent']);
  for (const one of waiting) await one.exit;
});

test('a health check whose monitor is killed is given up at once', async () => {
  const words = ['--network', 'none', '--health-cmd', 'true', '--health-interval', 'disable'];
  const id = await tspodOk(['run', '-d', '--name', 'checked', ...words, 'busybox', 'sleep', '1000']);
  const { monitor } = processesOfContainer(testRoot(), id);
  process.kill(monitor, 'SIGSTOP');
  const check = tspod(['healthcheck', 'run', 'checked']);
  await new Promise((resolve) => setTimeout(resolve, 300));
  process.kill(monitor, 'SIGKILL');
  const { code, stderr } = await check;
  assert.equal(code, 125);
  // Where it was not asked yet, there is nobody to ask.
  assert.match(stderr, /was killed before it had made the health check|no monitor of tspod's that runs/);
  await tspodOk(['rm', '-f', '--time', '0', 'checked']);
});

test('nobody can be attached to a container whose monitor was killed, which is said', async () => {
  const { monitor } = await startSleeper('unattended');
  await killAndWait(monitor);
  const { code, stderr } = await tspod(['attach', '--no-stdin', 'unattended']);
  assert.equal(code, 125);
  assert.match(
    stderr,
    /^Error: cannot attach .*: the program has ended, or its monitor was killed\n.*restart/,
  );
  await tspodOk(['rm', '-f', '--time', '0', 'unattended']);
});

test('an attached run whose monitor was killed says that the exit code is lost', async () => {
  const run = spawnTspod([
    'run',
    '--name',
    'orphan',
    '--network',
    'none',
    'busybox',
    'sh',
    '-c',
    'echo up; sleep 1000',
  ]);
  await run.expect('up');
  const { monitor, process: pid } = processesOfContainer(testRoot(), await inspect('{{.Id}}', 'orphan'));
  await killAndWait(monitor);
  process.kill(pid, 'SIGKILL');
  const { code } = await run.exit;
  assert.equal(code, 125);
  assert.match(run.stderr(), /exit code of container .* is lost/);
  await tspodOk(['rm', 'orphan']);
});

test('a program killed with SIGKILL from outside is reported with 137', async () => {
  const { process: pid } = await startSleeper('shot');
  process.kill(pid, 'SIGKILL');
  assert.equal(await tspodOk(['wait', 'shot']), '137');
  assert.equal(await state('shot'), 'exited');
  await tspodOk(['rm', 'shot']);
});

test('a runtime that is killed during create fails the start with 126 or 125 and leaves nothing', async () => {
  const root = makeTestRoot();
  await busyboxImage(root);
  const runtime = join(root.base, 'runc');
  writeFileSync(
    runtime,
    '#!/bin/sh\ncase " $* " in *" create "*|*" run "*) kill -9 $$;; esac\nexec runc "$@"\n',
    { mode: 0o755 },
  );
  const result = await tspod(['--runtime', runtime, 'run', '--rm', '--network', 'none', 'busybox', 'true'], {
    root,
  });
  assert.ok([125, 126].includes(result.code), `exit code ${result.code}`);
  assert.match(result.stderr, /^Error: .+/);
  assert.deepEqual(await findRemains(root), []);
});

test('a runtime that fails and leaves its cgroup leaves none after the start is taken back', {
  skip: process.getuid?.() === 0 ? false : 'a user may have no cgroup here',
}, async () => {
  const root = makeTestRoot();
  await busyboxImage(root);
  const runtime = join(root.base, 'crun');
  const told = join(root.base, 'told');
  const hierarchy = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '' : '/pids';
  writeFileSync(
    runtime,
    `#!/bin/sh
case " $* " in *" run "*|*" create "*) ;; *) exec crun "$@";; esac
while [ "$1" != --bundle ]; do shift; done
path=/sys/fs/cgroup${hierarchy}$(sed -n 's/.*"cgroupsPath":"\\([^"]*\\)".*/\\1/p' "$2/config.json")
mkdir -p "$path" && echo "$path" >${told}
exit 1
`,
    { mode: 0o755 },
  );
  const flags = ['--cgroup-manager', 'cgroupfs', '--runtime', runtime];
  const { code } = await tspod([...flags, 'create', '--name', 'c', '--network', 'none', 'busybox', 'true'], {
    root,
  });
  assert.equal(code, 0);
  assert.notEqual((await tspod([...flags, 'start', 'c'], { root })).code, 0);
  const cgroup = readFileSync(told, 'utf8').trim();
  assert.match(cgroup, /\/libpod-[0-9a-f]{64}$/);
  assert.equal(existsSync(cgroup), false);
});

test('a runtime that outlives its monitor for a moment is ended with the start, and leaves no cgroup', {
  skip: process.getuid?.() === 0 ? false : 'a user may have no cgroup here',
}, async () => {
  const root = makeTestRoot();
  await busyboxImage(root);
  const runtime = join(root.base, 'runc');
  const told = join(root.base, 'told');
  const hierarchy = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '' : '/pids';
  writeFileSync(
    runtime,
    `#!/bin/sh
case " $* " in *" run "*|*" create "*) ;; *) exec runc "$@";; esac
monitor=$PPID
while [ "$1" != --bundle ]; do shift; done
path=/sys/fs/cgroup${hierarchy}$(sed -n 's/.*"cgroupsPath":"\\([^"]*\\)".*/\\1/p' "$2/config.json")
echo "$path" >${told}
(sleep 1; mkdir -p "$path") &
kill -9 $monitor
exec sleep 1000
`,
    { mode: 0o755 },
  );
  const flags = ['--cgroup-manager', 'cgroupfs', '--runtime', runtime];
  const { code, stderr } = await tspod([...flags, 'run', '--rm', '--network', 'none', 'busybox', 'true'], {
    root,
  });
  assert.equal(code, 125, stderr);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  assert.equal(existsSync(readFileSync(told, 'utf8').trim()), false);
  assert.deepEqual(await findRemains(root), []);
});

test('20 containers survive the loss of the run root: they can be stopped, and started again', async () => {
  const root = makeTestRoot();
  await busyboxImage(root);
  const names = Array.from({ length: 20 }, (_, index) => `stays-${index}`);
  const states = async (): Promise<Set<string>> =>
    new Set((await tspodOk(['inspect', '--format', '{{.State.Status}}', ...names], { root })).split('\n'));
  await Promise.all(names.map((name) => startSleeper(name, root)));
  spawnSync('sh', ['-c', `for m in ${root.runRoot}/containers/*/shm; do umount -l "$m"; done`]);
  rmSync(root.runRoot, { recursive: true, force: true });
  assert.deepEqual(await states(), new Set(['running']));
  const { code, stderr } = await tspod(['exec', 'stays-0', 'true'], { root });
  assert.equal(code, 125);
  assert.match(stderr, /cannot read .*config\.json of container stays-0.*\n.*tspod restart stays-0/);
  await tspodOk(['stop', '--time', '1', ...names], { root });
  assert.deepEqual(await states(), new Set(['exited']));
  await tspodOk(['start', ...names], { root });
  assert.deepEqual(await states(), new Set(['running']));
  await tspodOk(['rm', '-f', '--time', '0', ...names], { root });
  assert.deepEqual(await findRemains(root), []);
});

for (const survives of [false, true]) {
  const title = survives ? ', although the run root has survived it' : '';
  test(`after a reboot every container has exited with its code lost, and starts again${title}`, async () => {
    await assertRebootIsNoticed(survives);
  });
}

async function assertRebootIsNoticed(runRootSurvives: boolean): Promise<void> {
  const root = makeTestRoot();
  await busyboxImage(root);
  const { monitor, process: pid } = await startSleeper('rebooted', root);
  await killAndWait(monitor);
  await killAndWait(pid);
  const db = openDatabase(join(root.graphRoot, 'state.db'));
  db.prepare("UPDATE containers SET boot_id = 'another'").run();
  db.close();
  spawnSync('sh', ['-c', `umount -l ${root.runRoot}/containers/*/shm ${root.graphRoot}/containers/*/merged`]);
  if (!runRootSurvives) rmSync(root.runRoot, { recursive: true, force: true });
  assert.equal(await state('rebooted', root), 'exited');
  assert.match(await inspect('{{.State.Error}}', 'rebooted', root), /host was restarted/);
  await tspodOk(['start', 'rebooted'], { root });
  assert.equal(await tspodOk(['exec', 'rebooted', 'echo', 'inside'], { root }), 'inside');
  assert.equal(query(root, 'SELECT state FROM containers')[0]?.['state'], 'running');
  await tspodOk(['rm', '-f', '--time', '0', 'rebooted'], { root });
  assert.deepEqual(await findRemains(root), []);
}
