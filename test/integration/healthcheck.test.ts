import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startScript, startSleeper, statusOf, waitForStatus } from '../fixtures/containers.ts';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { requires } from '../fixtures/requires.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const FILE_CHECK = [
  '--health-cmd',
  'test -e /tmp/good || { echo missing; exit 4; }',
  '--health-interval',
  '200ms',
];

interface Health {
  Status: string;
  FailingStreak: number;
  Log: { ExitCode: number; Output: string }[] | null;
}

async function healthOf(name: string): Promise<Health> {
  return JSON.parse(await tspodOk(['inspect', '-f', '{{json .State.Health}}', name])) as Health;
}

describe('a health check', () => {
  it('is refused where it could not be run or noted', async () => {
    const create = ['create', '--network', 'none'];
    for (const [flags, message] of [
      [
        ['--health-startup-cmd', 'true'],
        /cannot set a startup healthcheck when there is no regular healthcheck/,
      ],
      [
        ['--health-cmd', 'true', '--health-log-destination', '/not/there'],
        /invalid --health-log-destination "\/not\/there": there is no such directory/,
      ],
    ] as const) {
      const { code, stderr } = await tspod([...create, ...flags, await busyboxImage(), 'true']);
      assert.equal(code, 125);
      assert.match(stderr, message);
    }
  });

  it('shows in ps, inspect, filters and wait', async () => {
    const name = await startSleeper([...FILE_CHECK, '--health-retries', '2']);
    await waitForStatus(name, /^Up .*\(unhealthy\)$/);
    const { FailingStreak, Log } = await healthOf(name);
    assert.ok(FailingStreak >= 2);
    assert.deepEqual([Log?.at(-1)?.ExitCode, Log?.at(-1)?.Output], [4, 'missing\n']);
    assert.equal(await tspodOk(['ps', '--filter', 'health=healthy', '--filter', `name=^${name}$`, '-q']), '');
    const events = ['events', '--stream=false', '--filter', `container=${name}`];
    const told = ['--filter', 'event=health_status', '--format'];
    const [first = ''] = (await tspodOk([...events, ...told, 'json'])).split('\n');
    const event = JSON.parse(first) as Record<string, unknown>;
    assert.deepEqual([event['health_status'], event['Attributes']], ['unhealthy', null]);
    assert.match(await tspodOk([...events, ...told, '{{.HealthStatus}}']), /^unhealthy$/m);
    await tspodOk(['exec', name, 'touch', '/tmp/good']);
    await tspodOk(['wait', '--condition', 'healthy', name]);
    assert.match(await statusOf(name), /\(healthy\)$/);
    assert.notEqual(
      await tspodOk(['ps', '--filter', 'health=healthy', '--filter', `name=^${name}$`, '-q']),
      '',
    );
    assert.equal((await healthOf(name)).Status, 'healthy');
  });

  it('is made on demand, with its result as exit code', async () => {
    const name = await startSleeper([...FILE_CHECK, '--health-interval', 'disable']);
    const failed = await tspod(['healthcheck', 'run', name]);
    assert.deepEqual([failed.code, failed.stdout], [1, 'unhealthy\n']);
    assert.equal((await tspod(['healthcheck', 'run', '--ignore-result', name])).code, 0);
    assert.equal((await healthOf(name)).FailingStreak, 2);
    await tspodOk(['exec', name, 'touch', '/tmp/good']);
    const good = await tspod(['healthcheck', 'run', name]);
    assert.deepEqual([good.code, good.stdout], [0, '']);
    assert.equal((await healthOf(name)).Status, 'healthy');
    await tspodOk(['stop', name]);
    const stopped = await tspod(['healthcheck', 'run', name]);
    assert.equal(stopped.code, 125);
    assert.match(stopped.stderr, /exited, not running/);
    assert.equal((await healthOf(name)).Log?.at(-1)?.ExitCode, 0);
  });

  it('rests while the container is paused', { skip: requires('root') }, async () => {
    const name = await startSleeper(['--health-cmd', 'true', '--health-interval', '50ms']);
    await tspodOk(['wait', '--condition', 'healthy', name]);
    await tspodOk(['pause', name]);
    assert.equal((await tspod(['healthcheck', 'run', name])).code, 125);
    assert.match(await tspodOk(['inspect', '-f', '{{.State.Health.Status}}', name]), /^healthy$/);
    await tspodOk(['unpause', name]);
    assert.equal((await tspod(['healthcheck', 'run', name])).code, 0);
  });

  it('that is not there cannot be run', async () => {
    const name = await startSleeper();
    const none = await tspod(['healthcheck', 'run', name]);
    assert.equal(none.code, 125);
    assert.match(none.stderr, /no defined healthcheck/);
    const off = await startSleeper([...FILE_CHECK.slice(2), '--no-healthcheck']);
    assert.equal(
      await tspodOk(['inspect', '-f', '{{if .State.Health}}some{{else}}none{{end}}', off]),
      'none',
    );
  });

  it('takes a command as a list of words, runs as the user of the container, and with its environment', async () => {
    const check = '["sh","-c","echo $(id -u) $A $0","two words"]';
    const name = await startSleeper(['--user', '1234', '-e', 'A=b', '--health-cmd', check]);
    await tspodOk(['wait', '--condition', 'healthy', name]);
    assert.equal((await healthOf(name)).Log?.[0]?.Output, '1234 b two words\n');
  });

  it('kills, stops or restarts an unhealthy container as asked for', async () => {
    const base = ['--health-cmd', 'exit 1', '--health-interval', '100ms', '--health-retries', '2'];
    const killed = await startSleeper([...base, '--health-on-failure', 'kill']);
    const stopped = await startSleeper([...base, '--health-on-failure', 'stop']);
    await waitForStatus(killed, /^Exited \(137\)/);
    await waitForStatus(stopped, /^Exited \(0\)/);
    // Healthy only in its second life.
    const script = 'trap "exit 0" TERM; echo x >>/lives; while :; do sleep 1 & wait; done';
    const flags = [
      '--health-cmd',
      'test $(wc -l </lives) = 2',
      ...base.slice(2),
      '--health-on-failure',
      'restart',
    ];
    const name = await startScript(flags, script);
    await waitForStatus(name, /\(healthy\)$/);
    assert.equal(await tspodOk(['exec', name, 'cat', '/lives']), 'x\nx');
  });

  it('keeps its log in a directory of the user', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tspod-health-'));
    try {
      const flags = ['--health-cmd', 'echo logged', '--health-log-destination', directory];
      const name = await startSleeper([
        ...flags,
        '--health-max-log-count',
        '1',
        '--health-max-log-size',
        '3',
      ]);
      await tspodOk(['wait', '--condition', 'healthy', name]);
      const [file = ''] = readdirSync(directory);
      assert.match(file, /^[0-9a-f]{64}-healthcheck\.log$/);
      assert.match(readFileSync(join(directory, file), 'utf8'), /"Output":"log"/);
      assert.equal((await healthOf(name)).Log?.length, 1);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('waits for the start-up check, whose failures start the container again', async () => {
    const startup = [
      '--health-startup-cmd',
      'test $(wc -l </lives) = 2',
      '--health-startup-interval',
      '100ms',
    ];
    const script = 'trap "exit 0" TERM; echo x >>/lives; while :; do sleep 1 & wait; done';
    const flags = [...startup, '--health-startup-retries', '2', '--health-cmd', 'echo main'];
    const name = await startScript(flags, script);
    await waitFor(
      'the container to be healthy',
      async () => (await healthOf(name)).Status === 'healthy',
      20_000,
    );
    assert.equal(await tspodOk(['exec', name, 'cat', '/lives']), 'x\nx');
  });

  it('refuses what makes no sense', async () => {
    const image = await busyboxImage();
    for (const flags of [
      ['--health-cmd', 'true', '--health-on-failure', 'explode'],
      ['--health-cmd', 'true', '--health-on-failure', 'restart', '--restart', 'always'],
      ['--health-cmd', 'true', '--health-max-log-count', '-1'],
      ['--health-startup-retries', '3'],
    ]) {
      const { code, stderr } = await tspod(['create', ...flags, image]);
      assert.equal(code, 125, stderr);
    }
  });
});
