import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import {
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  tspod,
  tspodOk,
  TSPOD,
} from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const HEADINGS = 'CONTAINER ID  IMAGE       COMMAND     CREATED     STATUS      PORTS       NAMES\n';

before(async () => {
  await busyboxImage();
  const none = ['--network', 'none'];
  await tspodOk([
    'run',
    ...none,
    '--name',
    'done',
    '--label',
    'tier=back',
    BUSYBOX,
    'sh',
    '-c',
    'exit 3',
  ]).catch(() => {});
  await tspodOk(['create', ...none, '--name', 'fresh', '--expose', '80', '--expose', '81', BUSYBOX, 'true']);
  const up = ['run', '-d', ...none, '--name', 'up', '--label', 'tier=front', '--label', 'x='];
  await tspodOk([...up, '--tmpfs', '/scratch', '-v', 'stock:/data', BUSYBOX, 'sleep', '3600']);
});

async function ps(...args: string[]): Promise<string> {
  return await tspodOk(['ps', ...args]);
}

async function names(...args: string[]): Promise<string[]> {
  return (await ps('-a', '--format', '{{.Names}}', ...args)).split('\n').filter(Boolean);
}

describe('the table of ps', () => {
  test('shows the running containers under podman headings', async () => {
    const [heading, row, ...others] = (await ps()).split('\n');
    assert.match(heading ?? '', /^CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES$/);
    assert.match(
      row ?? '',
      /^[0-9a-f]{12} +localhost\/busybox:latest +sleep 3600 +.* ago +Up (Less than a second|\d+ seconds?|About a minute|\d+ minutes) +up$/,
    );
    assert.deepEqual(others, []);
  });

  test('with --all shows every container, oldest first', async () => {
    assert.deepEqual(await names(), ['done', 'fresh', 'up']);
    const statuses = (await ps('-a', '--format', '{{.Status}}')).split('\n');
    assert.match(statuses[0] ?? '', /^Exited \(3\) .* ago$/);
    assert.equal(statuses[1], 'Created');
  });

  test('shows exposed ports, neighbours as a range', async () => {
    assert.equal(await ps('-a', '-f', 'name=fresh', '--format', '{{.Ports}}'), '80-81/tcp');
  });

  test('is only headings where there is nothing', async () => {
    assert.equal(`${await ps('-f', 'name=nobody')}\n`, HEADINGS);
    assert.equal(await ps('-f', 'name=nobody', '--noheading'), '');
  });

  test('paused containers are shown with --all', async (context) => {
    const paused = await tspod(['pause', 'up']);
    if (paused.code !== 0) return context.skip(`this host cannot pause: ${paused.stderr}`);
    try {
      assert.equal(await ps('-a', '-f', 'name=up', '--format', '{{.Status}} {{.State}}'), 'Paused paused');
      assert.deepEqual(await names('--filter', 'status=paused'), ['up']);
    } finally {
      await tspodOk(['unpause', 'up']);
    }
  });
});

describe('the selection of ps', () => {
  test('-q prints ids, short or whole', async () => {
    assert.match(await ps('-q'), /^[0-9a-f]{12}$/);
    assert.match(await ps('-q', '--no-trunc'), /^[0-9a-f]{64}$/);
    assert.equal((await ps('-aq')).split('\n').length, 3);
  });

  test('--last and --latest show the newest in any state', async () => {
    assert.deepEqual(await names('-n', '2'), ['fresh', 'up']);
    assert.equal(await ps('-l', '--format', '{{.Names}}'), 'up');
  });

  test('a filter about the state looks at all of them', async () => {
    assert.equal(await ps('--filter', 'status=exited', '--format', '{{.Names}}'), 'done');
    assert.equal(await ps('--filter', 'status=created', '--format', '{{.Names}}'), 'fresh');
  });

  test('a name may be asked for as docker spells it, with a slash', async () => {
    assert.equal(await ps('-a', '--filter', 'name=^/done$', '--format', '{{.Names}}'), 'done');
  });

  test('filters of one key are alternatives, of several keys conditions', async () => {
    assert.deepEqual(await names('-f', 'name=done', '-f', 'name=up'), ['done', 'up']);
    assert.deepEqual(await names('-f', 'name=done', '-f', 'label=tier=front'), []);
    assert.deepEqual(await names('-f', 'label=tier'), ['done', 'up']);
    assert.deepEqual(await names('-f', 'exited=3'), ['done']);
    assert.deepEqual(await names('-f', 'ancestor=busybox', '-f', 'volume=stock'), ['up']);
    assert.deepEqual(await names('-f', 'since=done', '-f', 'before=up'), ['fresh']);
  });

  test('sorts by what is asked for', async () => {
    assert.deepEqual(await names('--sort', 'names'), ['done', 'fresh', 'up']);
    assert.deepEqual(await names('--sort', 'command'), ['done', 'up', 'fresh']);
    assert.deepEqual(await names('--sort', 'status'), ['fresh', 'done', 'up']);
  });

  test('refuses what contradicts itself and what it does not know', async () => {
    const refusal = async (...args: string[]): Promise<string> => {
      const { code, stderr } = await tspod(['ps', ...args]);
      assert.equal(code, 125);
      return stderr;
    };
    assert.match(await refusal('--last', '3', '--latest'), /last and latest are mutually exclusive/);
    assert.match(await refusal('-q', '--size'), /quiet conflicts with size and namespace/);
    assert.match(await refusal('--size', '--ns'), /size and namespace options conflict/);
    assert.match(await refusal('--filter', 'colour=red'), /is an invalid filter/);
    assert.match(await refusal('--filter', 'red'), /invalid filter "red"/);
    assert.match(await refusal('--format', '{{.Colour}}'), /can't evaluate field Colour/);
  });
});

describe('formats of ps', () => {
  test('json is one array with the members and types of podman', async () => {
    const [row] = JSON.parse(await ps('-a', '-f', 'name=up', '--format', 'json')) as Record<
      string,
      unknown
    >[];
    assert.ok(row);
    assert.deepEqual(
      Object.keys(row),
      'AutoRemove Command CreatedAt CIDFile Exited ExitedAt ExitCode ExposedPorts Id Image ImageID IsInfra Labels Mounts Names Namespaces Networks Pid Pod PodName Ports Restarts Size StartedAt State Status Created'.split(
        ' ',
      ),
    );
    assert.deepEqual(row['Names'], ['up']);
    assert.deepEqual(row['Command'], ['sleep', '3600']);
    assert.deepEqual(row['Labels'], { tier: 'front', x: '' });
    assert.deepEqual([...(row['Mounts'] as string[])].sort(), ['/data', '/scratch']);
    assert.equal(row['State'], 'running');
    assert.equal(typeof row['Created'], 'number');
    assert.ok(Number(row['Pid']) > 0);
    assert.equal(await ps('-f', 'name=nobody', '--format', 'json'), '[]');
  });

  test('templates see labels, whole rows as JSON, and tables of their own', async () => {
    const of = (format: string): Promise<string> => ps('-f', 'name=up', '--format', format);
    assert.equal(await of('{{.Label "tier"}}-{{.Label "none"}}'), 'front-');
    assert.equal(await of('{{.Labels}}'), 'map[tier:front x:]');
    assert.equal(JSON.parse(await of('{{json .}}')).Image, BUSYBOX);
    assert.equal(await of('{{.ID}}'), await of('{{.Id}}'));
    assert.match(await of('table {{.Names}} {{.Status}}'), /^NAMES +STATUS\nup +Up /);
    assert.match(await of('{{.RunningFor}}'), / ago$/);
  });

  test('--size shows what a container and its image take', async () => {
    assert.match(await ps('-s'), /SIZE\n.* \d[\d.]*k?B \(virtual [\d.]+MB\)$/);
    const [row] = JSON.parse(await ps('-s', '--format', 'json')) as { Size: Record<string, number> }[];
    assert.ok((row?.Size['rootFsSize'] ?? 0) > 0);
    assert.match(await ps('-a', '--filter', 'name=^fresh$', '--format', '{{.Size}}'), /^0B \(virtual /);
  });

  test('--ns shows the namespaces of the first process', async () => {
    const [heading, row] = (await ps('--ns')).split('\n');
    assert.match(heading ?? '', /^CONTAINER ID +NAMES +PID +CGROUPNS +IPC +MNT +NET +PIDNS +USERNS +UTS$/);
    assert.match(row ?? '', /^[0-9a-f]{12} +up +\d+( +\d{8,}){7}$/);
  });

  test('--watch shows the list again and again', async () => {
    const watching = spawnTspod(['ps', '--watch', '1', '--format', '{{.Names}}']);
    await waitFor('two lists', () => (watching.stdout().match(/up\n/g) ?? []).length >= 2);
    watching.kill();
    await watching.exit;
  });

  test('called as docker it prints one object a line, with the fields of docker', async () => {
    const docker = join(testRoot().base, 'docker');
    symlinkSync(TSPOD, docker);
    const run = async (...args: string[]): Promise<string> => {
      const result = await runProgram(docker, [...rootArguments(testRoot()), 'ps', ...args], {
        env: testEnvironment(),
      });
      assert.equal(result.code, 0, result.stderr);
      return result.stdout;
    };
    const lines = (await run('-a', '--format', 'json')).trimEnd().split('\n');
    assert.equal(lines.length, 3);
    const rows = lines.map((line) => JSON.parse(line) as Record<string, string>);
    // The newest comes first.
    assert.deepEqual(
      rows.map((row) => row['Names']),
      ['up', 'fresh', 'done'],
    );
    assert.equal(rows[0]?.['Command'], '"sleep 3600"');
    assert.equal(rows[0]?.['Labels'], 'tier=front,x=');
    assert.equal(rows[0]?.['LocalVolumes'], '1');
    assert.ok(Object.values(rows[0] ?? {}).every((value) => typeof value === 'string'));
    assert.equal(await run('-f', 'name=up', '--format', '{{.Labels}} {{.Networks}}'), 'tier=front,x= none\n');
  });
});

test('ps records the end of a container whose end nobody has recorded', async () => {
  const id = await tspodOk(['run', '-d', '--network', 'none', '--name', 'short', BUSYBOX, 'true']);
  await waitFor(
    'the end',
    async () => (await ps('-a', '-f', 'name=short', '--format', '{{.State}}')) === 'exited',
  );
  assert.match(
    await ps('-a', '-f', `id=${id}`, '--format', '{{.Status}} {{.ExitCode}}'),
    /^Exited \(0\) .* 0$/,
  );
  await tspodOk(['rm', 'short']);
});
