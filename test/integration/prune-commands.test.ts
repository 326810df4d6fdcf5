import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import {
  makeTestRoot,
  rootArguments,
  runProgram,
  type RunResult,
  type TestRoot,
  testEnvironment,
  TSPOD,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { BUSYBOX, busyboxImage } from '../fixtures/harness-busybox.ts';
import { buildTar } from '../fixtures/images.ts';

const ASKED = 'Are you sure you want to continue? [y/N] ';
let root: TestRoot;

function ok(...args: string[]): Promise<string> {
  return tspodOk(args, { root });
}

/** The id of a new image with a layer of its own. */
async function imported(content: string, ...args: string[]): Promise<string> {
  const archive = join(root.base, 'layer.tar');
  writeFileSync(archive, buildTar([{ name: 'file', content: content.repeat(200_000) }]));
  return (await ok('import', '--quiet', ...args.slice(0, -1), archive, ...args.slice(-1))).replace(
    'sha256:',
    '',
  );
}

async function present(...names: string[]): Promise<boolean[]> {
  const found = await Promise.all(names.map((name) => tspod(['image', 'exists', name], { root })));
  return found.map(({ code }) => code === 0);
}

function asDocker(...args: string[]): Promise<RunResult> {
  const directory = join(root.base, 'as-docker');
  mkdirSync(directory, { recursive: true });
  const program = join(directory, 'docker');
  try {
    symlinkSync(TSPOD, program);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return runProgram(program, [...rootArguments(root), ...args], { env: testEnvironment({ root }) });
}

describe('image prune', () => {
  before(async () => {
    root = makeTestRoot();
    await busyboxImage(root);
  });

  test('removes images without a name and their layers, and leaves the others', async () => {
    const first = await imported('a', 'localhost/x:1');
    await imported('b', 'localhost/x:1');
    const layers = (): Promise<string> => ok('system', 'df', '--format', '{{.Type}} {{.RawSize}}');
    const before = await layers();
    assert.equal(await ok('image', 'prune', '--force'), first);
    assert.notEqual(await layers(), before);
    assert.deepEqual(await present(first, 'localhost/x:1', BUSYBOX), [false, true, true]);
    assert.equal(await ok('image', 'prune', '--force'), '');
  });

  test('leaves an image without a name that a container was made from', async () => {
    const id = (await ok('image', 'inspect', '--format', '{{.Id}}', 'localhost/x:1')).replace('sha256:', '');
    await ok('create', '--network', 'none', '--name', 'user', 'localhost/x:1', 'true');
    await ok('untag', 'localhost/x:1');
    assert.equal(await ok('image', 'prune', '--force', '--all', '--filter', `id=${id}`), '');
    await ok('rm', 'user');
    assert.equal(await ok('image', 'prune', '--force'), id);
  });

  test('with --all removes named images too, but none that a container was made from', async () => {
    await ok('create', '--network', 'none', '--name', 'user', BUSYBOX, 'true');
    const id = await imported('c', 'localhost/y:1');
    await ok('tag', 'localhost/y:1', 'localhost/y:2', 'localhost/z:1');
    assert.equal(await ok('image', 'prune', '--force'), '');
    assert.equal(await ok('image', 'prune', '--all', '--force'), id);
    assert.deepEqual(await present('localhost/y:2', BUSYBOX), [false, true]);
    await ok('rm', 'user');
  });

  test('keeps to its filters, and refuses those that it does not know before it asks', async () => {
    await imported('d', '--change', 'LABEL tier=front', 'localhost/front:1');
    await imported('e', '--change', 'LABEL tier=back', 'localhost/back:1');
    const prune = (...filters: string[]): Promise<string> =>
      ok('image', 'prune', '-af', ...filters.flatMap((filter) => ['--filter', filter]));
    assert.equal(await prune('until=1h'), '');
    assert.equal(await prune('label=tier=none'), '');
    assert.equal(await prune('dangling=true'), '');
    await prune('label=tier', 'label!=tier=back');
    assert.deepEqual(await present('localhost/front:1', 'localhost/back:1', BUSYBOX), [false, true, true]);
    const refused = await tspod(['image', 'prune', '--filter', 'colour=red'], { root });
    assert.deepEqual([refused.code, refused.stdout], [125, '']);
    assert.match(refused.stderr, /unsupported filter "colour"/);
  });

  test('asks first, and only yes is yes', async () => {
    const no = await tspod(['image', 'prune'], { root, input: 'n\n' });
    assert.deepEqual(
      [no.code, no.stdout],
      [0, `WARNING! This command removes all dangling images.\n${ASKED}`],
    );
    const nobody = await tspod(['image', 'prune', '-a'], { root });
    assert.equal(nobody.code, 125);
    assert.match(nobody.stdout, /removes all images without at least one container associated with them\./);
    assert.match(nobody.stderr, /EOF/);
    assert.deepEqual(await present('localhost/back:1'), [true]);
  });

  test('called as docker it tells names, digests and how much room there is now', async () => {
    assert.equal((await asDocker('image', 'prune', '-f')).stdout, 'Total reclaimed space: 0B\n');
    const { stdout } = await asDocker(
      ...['image', 'prune', '-f', '--filter', 'dangling=false', '--filter', 'label=tier'],
    );
    assert.match(
      stdout,
      /^Deleted Images:\nuntagged: localhost\/back:1\ndeleted: sha256:[0-9a-f]{64}\n\nTotal reclaimed space: 2\d\d(\.\d+)?kB\n$/,
    );
    assert.deepEqual(await present(BUSYBOX), [true]);
  });
});

describe('system prune', () => {
  before(async () => {
    root = makeTestRoot();
    await busyboxImage(root);
  });

  test('says what it would remove, and removes nothing without a yes', async () => {
    await ok('create', '--network', 'none', '--name', 'kept', BUSYBOX, 'true');
    const plain = await tspod(['system', 'prune'], { root, input: 'no\n' });
    assert.equal(plain.code, 0);
    assert.equal(
      plain.stdout,
      `WARNING! This command removes:\n\t- all stopped containers\n\t- all networks not used by at least one container\n\t- all dangling images\n\t- all dangling build cache\n\n${ASKED}`,
    );
    const everything = await tspod(['system', 'prune', '-a', '--volumes'], { root });
    assert.equal(everything.code, 125);
    assert.match(
      everything.stdout,
      /\t- all volumes not used by at least one container\n\t- all images without at least one container associated with them\n/,
    );
    assert.equal(await ok('rm', 'kept'), 'kept');
  });

  test('removes stopped containers and unnamed images, and tells the space that it gained', async () => {
    const dangling = await imported('a', 'localhost/x:1');
    await imported('b', 'localhost/x:1');
    await ok('volume', 'create', 'data');
    for (const name of ['unused', 'used']) await ok('network', 'create', name);
    await ok('create', '--network', 'used', '--name', 'on-network', BUSYBOX, 'true');
    await ok('run', '-d', '--network', 'none', '--name', 'running', BUSYBOX, 'sleep', '600');
    await ok('run', '--network', 'none', '--name', 'ended', BUSYBOX, 'true');
    const ended = await ok('inspect', '--format', '{{.Id}}', 'ended');
    const output = await ok('system', 'prune', '--force');
    const [head, space] = output.split('Total reclaimed space: ');
    assert.match(head ?? '', new RegExp(`^Deleted Containers\n(.*\n)*${ended}\n`));
    assert.match(head ?? '', new RegExp(`Deleted Images\n${dangling}\nDeleted Networks\n`));
    // The container on it went first.
    assert.deepEqual((head ?? '').split('Deleted Networks\n')[1]?.trim().split('\n').sort(), [
      'unused',
      'used',
    ]);
    assert.equal(await ok('network', 'ls', '-q', '--filter', 'name=used'), '');
    assert.match(space ?? '', /^2\d\d(\.\d+)?kB$/);
    assert.equal(await ok('volume', 'ls', '-q'), 'data');
    assert.equal(await ok('ps', '--format', '{{.Names}}'), 'running');
  });

  test('--external takes only what builds have left', async () => {
    assert.match(await ok('system', 'prune', '--external'), /^Total reclaimed space: 0B$/);
    assert.equal((await tspod(['system', 'prune', '--external', '--all'], { root })).code, 125);
    assert.equal(await ok('image', 'prune', '-f', '--external', '--build-cache'), '');
  });

  test('with --volumes and --all removes what only removed containers used', async () => {
    await ok('run', '--network', 'none', '-v', 'mine:/data', '--name', 'ended', 'localhost/x:1', 'x').catch(
      () => undefined,
    );
    await ok('run', '--network', 'none', '-v', 'mine:/data', '--name', 'writer', BUSYBOX, 'touch', '/data/a');
    const output = await ok('system', 'prune', '--all', '--volumes', '--force');
    assert.match(
      output,
      /^Deleted Containers\n(?:[0-9a-f]{64}\n)+Deleted Volumes\ndata\nmine\nDeleted Images\n/,
    );
    assert.deepEqual(await present('localhost/x:1', BUSYBOX), [false, true]);
    assert.equal(await ok('volume', 'ls', '-q'), '');
    await ok('rm', '-f', '-t', '0', 'running');
  });

  test('keeps to its filters, for all kinds', async () => {
    const tagged = ['--label', 'tier=front'];
    await ok('create', '--network', 'none', '--name', 'front', ...tagged, BUSYBOX, 'true');
    await ok('create', '--network', 'none', '--name', 'back', BUSYBOX, 'true');
    await ok('volume', 'create', ...tagged, 'front');
    await ok('volume', 'create', 'back');
    await ok('system', 'prune', '-af', '--volumes', '--filter', 'label=tier=front');
    assert.equal(await ok('ps', '-a', '--format', '{{.Names}}'), 'back');
    assert.equal(await ok('volume', 'ls', '-q'), 'back');
    assert.deepEqual(await present(BUSYBOX), [true]);
    const refused = await tspod(['system', 'prune', '-f', '--filter', 'status=exited'], { root });
    assert.equal(refused.code, 125);
    assert.match(refused.stderr, /status is an invalid filter/);
  });

  test('called as docker it spares volumes that have a name', async () => {
    await ok('rm', 'back');
    const anonymous = await ok('volume', 'create');
    const { stdout } = await asDocker('system', 'prune', '-f', '--volumes');
    // What an empty directory takes is up to the file system.
    assert.match(
      stdout,
      new RegExp(`^Deleted Volumes:\\n${anonymous}\\n\\nTotal reclaimed space: [\\d.]+k?B\\n$`),
    );
    assert.equal(await ok('volume', 'ls', '-q'), 'back');
    const refused = await asDocker('system', 'prune', '-f', '--volumes', '--filter', 'until=1h');
    assert.equal(refused.code, 1);
  });
});
