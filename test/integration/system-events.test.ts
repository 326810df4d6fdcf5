import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import {
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  TSPOD,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { waitFor } from '../fixtures/wait-for.ts';

before(async () => {
  await busyboxImage();
  const labels = ['--label', 'tier=front', '--label', 'image=not-me'];
  await tspod([
    'run',
    '--rm',
    '--network',
    'none',
    '--name',
    'past',
    ...labels,
    BUSYBOX,
    'sh',
    '-c',
    'exit 3',
  ]);
});

async function past(...args: string[]): Promise<string[]> {
  return (await tspodOk(['events', '--stream=false', ...args])).split('\n');
}

async function asDocker(...args: string[]): Promise<string[]> {
  const program = join(testRoot().base, 'docker');
  const { code, stdout, stderr } = await runProgram(program, [...rootArguments(testRoot()), ...args], {
    env: testEnvironment(),
  });
  assert.equal(code, 0, stderr);
  return stdout.trimEnd().split('\n');
}

describe('events', () => {
  test('are in the state database, which --events-backend calls file, and nowhere else', async () => {
    const told = await tspodOk([
      '--events-backend',
      'file',
      'events',
      '--stream=false',
      '--filter',
      'container=past',
    ]);
    assert.equal(told, (await past('--filter', 'container=past')).join('\n'));
    for (const backend of ['journald', 'none']) {
      const { code, stderr } = await tspod(['--events-backend', backend, 'events', '--stream=false']);
      assert.equal(code, 125);
      assert.match(
        stderr,
        /invalid argument "(journald|none)" for "--events-backend" flag: must be one of file/,
      );
    }
  });

  test('tells the life of a container in order, with image, labels and exit code', async () => {
    const lines = await past('--filter', 'container=past');
    assert.deepEqual(
      lines.map((line) => line.split(' ').at(5)),
      ['create', 'init', 'start', 'attach', 'died', 'cleanup', 'remove'],
    );
    assert.match(
      lines[4] ?? '',
      /\(image=localhost\/busybox:latest, name=past, .*tier=front.*containerExitCode=3/,
    );
  });

  test('prints JSON and templates', async () => {
    const [text = ''] = await past('--filter', 'event=died', '--format', 'json');
    const event = JSON.parse(text) as Record<string, unknown>;
    assert.deepEqual(
      [event['Status'], event['Type'], event['Name'], event['ContainerExitCode'], event['Image']],
      ['died', 'container', 'past', 3, 'localhost/busybox:latest'],
    );
    const [seconds, nanos] = [Number(event['time']), Number(event['timeNano'])];
    assert.ok(Math.abs(seconds - Date.now() / 1000) < 600 && Math.trunc(nanos / 1e9) === seconds, text);
    const [line] = await past(
      '--filter',
      'event=died',
      '--format',
      '{{.Name}} {{.Status}} {{.Attributes.tier}}',
    );
    assert.equal(line, 'past died front');
  });

  test('filters by several keys and values', async () => {
    const of = async (...filters: string[]) =>
      await past('--format', '{{.Status}}', ...filters.flatMap((filter) => ['--filter', filter]));
    assert.deepEqual(await of('container=past', 'event=start', 'event=die'), ['start', 'died']);
    assert.deepEqual(await of('label=tier=front', 'event=create'), ['create']);
    assert.deepEqual(await of('label=tier=back'), ['']);
    assert.deepEqual(await of('type=image'), ['import']);
    const { code, stderr } = await tspod(['events', '--filter', 'color=red']);
    assert.equal(code, 125);
    assert.match(stderr, /color is an invalid filter/);
  });

  test('ends at a time and starts at one', async () => {
    assert.deepEqual(await past('--until=-1h', '--format', '{{.Status}}'), ['']);
    // As podman has it: from now on.
    assert.notDeepEqual(await past('--until', '1h', '--format', '{{.Status}}'), ['']);
    assert.equal(await tspodOk(['events', '--until', '300ms', '--filter', 'container=past']), '');
    const died = ['--filter', 'container=past', '--filter', 'event=died'];
    const [nanos = ''] = await past(...died, '--format', '{{.TimeNano}}');
    const after = await past(
      '--since',
      `${nanos.slice(0, -9)}.${nanos.slice(-9)}`,
      '--filter',
      'container=past',
      '--format',
      '{{.Status}}',
    );
    // To the millisecond, in which it may have started as well.
    assert.deepEqual([after.includes('died'), after.includes('create')], [true, false]);
  });

  test('tells that a container has been stopped once it has, and to docker in its order', async () => {
    const script = 'trap "" TERM; echo ready; while :; do sleep 0.1; done';
    await tspodOk(['run', '-d', '--network', 'none', '--name', 'deaf', BUSYBOX, 'sh', '-c', script]);
    await waitFor('the trap', async () => (await tspodOk(['logs', 'deaf'])) === 'ready');
    const follower = spawnTspod(['events', '--filter', 'container=deaf', '--format', '{{.Status}}']);
    const stopping = spawnTspod(['stop', '-t', '600', 'deaf']);
    const state = ['inspect', '--format', '{{.State.Status}}', 'deaf'];
    await waitFor('the stop', async () => (await tspodOk(state)) === 'stopping');
    await tspodOk(['kill', 'deaf']);
    await stopping.exit;
    await follower.expect('cleanup\n');
    assert.equal(follower.stdout(), 'kill\nstop\ndied\ncleanup\n');
    process.kill(follower.pid, 'SIGTERM');
    await follower.exit;
    symlinkSync(TSPOD, join(testRoot().base, 'docker'));
    const docker = (...args: string[]): Promise<string[]> =>
      asDocker('events', '--since', '1h', '--until', '0s', '--filter', 'container=deaf', ...args);
    assert.deepEqual(
      (await docker('--format', '{{.Action}} {{.Actor.Attributes.signal}}')).filter(
        (line) => !/^(create|start)/.test(line),
      ),
      ['kill 15', 'kill 9', 'die <no value>', 'stop <no value>'],
    );
    assert.deepEqual(await docker('--filter', 'event=stop', '--format', '{{.Action}}'), ['stop']);
    await tspodOk(['start', 'deaf']);
    await tspodOk(['stop', '-t', '1', 'deaf']);
    const signals = await docker('--filter', 'event=kill', '--format', '{{.Actor.Attributes.signal}}');
    assert.deepEqual(signals, ['15', '9', '15', '9']);
    await tspodOk(['rm', 'deaf']);
  });

  test('goes on with what other processes do, each event once', async () => {
    const follower = spawnTspod([
      'events',
      '--since',
      '1h',
      '--filter',
      'container=coming',
      '--format',
      '{{.Status}}',
    ]);
    await tspodOk(['run', '--rm', '--network', 'none', '--name', 'coming', BUSYBOX, 'true']);
    await follower.expect('remove\n');
    assert.equal(follower.stdout(), 'create\ninit\nstart\nattach\ndied\ncleanup\nremove\n');
    process.kill(follower.pid, 'SIGTERM');
    await follower.exit;
  });
});
