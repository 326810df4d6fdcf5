import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { tspod, tspodOk } from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';

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
      ['create', 'init', 'start', 'died', 'cleanup', 'remove'],
    );
    assert.match(
      lines[3] ?? '',
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
    assert.deepEqual(await past('--until', '1h', '--format', '{{.Status}}'), ['']);
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
    assert.equal(follower.stdout(), 'create\ninit\nstart\ndied\ncleanup\nremove\n');
    process.kill(follower.pid, 'SIGTERM');
    await follower.exit;
  });
});
