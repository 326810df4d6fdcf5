import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { runProgram, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { programPath, requires } from '../fixtures/requires.ts';

const CHANGED = ['A /d', 'A /d/f', 'C /bin', 'C /etc', 'C /home', 'D /bin/vi', 'D /etc/passwd'];

describe('diff of two', () => {
  let image: string;
  before(async () => {
    image = await busyboxImage();
    const context = join(testRoot().base, 'diff-context');
    mkdirSync(context);
    const steps = `RUN rm /etc/passwd /bin/vi && mkdir /d && echo x >/d/f && chmod 700 /home\nRUN true\n`;
    writeFileSync(join(context, 'Containerfile'), `FROM ${image}\n${steps}`);
    await tspodOk(['build', '-q', '--network', 'none', '-t', 'localhost/other:1', context]);
  });

  const diff = async (...args: string[]): Promise<string[]> =>
    (await tspodOk(['diff', ...args])).split('\n').sort();

  test('tells what the first has changed in the second, over all layers', async () => {
    assert.deepEqual(await diff('other:1', image), CHANGED);
    assert.deepEqual(await diff(image, 'other:1'), [
      ...['A /bin/vi', 'A /etc/passwd', 'C /bin', 'C /etc', 'C /home', 'D /d'],
    ]);
    assert.deepEqual(await diff(image, image), ['']);
    assert.equal(await tspodOk(['image', 'diff', '--format', 'json', image, image]), '{}');
  });

  test('takes containers too, which stay as they are', async () => {
    const container = await tspodOk(['create', '--network', 'none', image]);
    const file = join(testRoot().base, 'to-copy');
    writeFileSync(file, 'x');
    await tspodOk(['cp', file, `${container}:/new`]);
    assert.deepEqual(await diff(container, image), ['A /new']);
    assert.deepEqual(await diff('other:1', container), [...CHANGED, 'D /new']);
    const running = await tspodOk([
      'run',
      '-d',
      '--network',
      'none',
      image,
      'sh',
      '-c',
      'echo >/mine; sleep 1000',
    ]);
    assert.ok((await diff(running, image)).includes('A /mine'));
    assert.equal(await tspodOk(['exec', running, 'ls', '/mine']), '/mine');
    await tspodOk(['rm', '-f', '-t', '0', container, running]);
  });

  test('takes one container against itself, and two that are asked about both ways at once', async () => {
    const made = () => tspodOk(['create', '--network', 'none', image]);
    const [one, two] = [await made(), await made()];
    assert.equal(await tspodOk(['diff', one, one]), '');
    const pairs = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? [one, two] : [two, one]));
    assert.deepEqual(await Promise.all(pairs.map((pair) => tspodOk(['diff', ...pair]))), Array(6).fill(''));
    await tspodOk(['rm', one, two]);
  });

  test('names what is not there, and leaves nothing mounted', async () => {
    for (const args of [
      ['diff', image, 'none'],
      ['diff', 'none', image],
      ['container', 'diff', image, image],
    ]) {
      const { code, stderr } = await tspod(args);
      assert.equal(code, 125);
      assert.match(stderr, /no container (with name or ID|or image) .*found/);
    }
    if (requires('root') === false) assert.equal(await tspodOk(['image', 'mount']), '');
  });

  test('says what podman says', { skip: requires('root', 'podman') }, async () => {
    const base = join(testRoot().base, 'podman');
    const podman = async (...args: string[]): Promise<string> => {
      const place = ['--root', base, '--runroot', `${base}-run`, '--storage-driver', 'vfs'];
      const done = await runProgram(programPath('podman'), [...place, ...args]);
      assert.equal(done.code, 0, done.stderr);
      return done.stdout.trim();
    };
    const archive = join(testRoot().base, 'both.tar');
    await tspodOk(['save', '-q', '-m', '-o', archive, image, 'other:1']);
    await podman('load', '-q', '-i', archive);
    const theirs = await podman('diff', 'localhost/other:1', image);
    assert.deepEqual(theirs.split('\n').sort(), CHANGED);
  });
});
