import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build, buildOk, inImage, makeContext } from '../fixtures/build.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { makeTestRoot, type TestRoot, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

const FROM = 'FROM localhost/busybox:latest\n';
const STAMP = 'RUN head -c 8 /dev/urandom | od -An -tx1 > /when\n';
const STEPS = `${FROM}ENV A=1\nCOPY file /file\n${STAMP}WORKDIR /dir\nCMD ["sh"]\n`;
const plain = ['--tls-verify=false'];
const skip = requires('docker-registry');

/** Another host, with the same base image. */
async function otherHost(...images: string[]): Promise<TestRoot> {
  const root = makeTestRoot();
  const archive = join(root.base, 'images.tar');
  await tspodOk(['save', '-q', '-m', '-o', archive, await busyboxImage(), ...images]);
  await tspodOk(['load', '-q', '--input', archive], { root });
  return root;
}

const when = (image: string, root = testRoot()): Promise<string> => inImage(image, 'cat /when', { root });

describe('steps that others have built', { skip }, () => {
  let registry: TestRegistry;

  before(async () => {
    registry = await startRegistry();
  });

  after(() => registry.stop());

  test('come from the repository that --cache-to has filled', async () => {
    const repository = `${registry.host}/team/cache`;
    const context = makeContext({ Containerfile: STEPS, file: 'content' });
    const first = await buildOk(context, [...plain, '--cache-to', repository]);
    const root = await otherHost();
    const source = ['--cache-from', `type=registry,ref=${repository}`];
    const second = await buildOk(context, [...plain, ...source], { root });
    assert.equal(await when(second.image, root), await when(first.image));
    assert.equal(second.stdout.match(/Using cache|CACHED/gi)?.length, 3);
    const names = await tspodOk(['images', '--all', '--format', '{{.Repository}}'], { root });
    assert.doesNotMatch(names, /team\/cache|<none>/, 'what the steps came in is gone');
    const changed = makeContext({ Containerfile: STEPS, file: 'other' });
    const third = await buildOk(changed, [...plain, ...source], { root });
    assert.notEqual(await when(third.image, root), await when(first.image));
  });

  test('are none, with a warning, when the repository is out of reach; a place that cannot be filled is an error', async () => {
    await registry.stop();
    const context = makeContext({ Containerfile: `${FROM}RUN echo alone > /when\n` });
    const dead = `${registry.host}/team/none`;
    const { stderr, stdout, image } = await buildOk(context, [...plain, '--retry=0', '--cache-from', dead]);
    assert.match(stderr + stdout, /cannot use --cache-from .*team\/none/);
    assert.equal(await when(image), 'alone');
    const failed = await build(context, [...plain, '--retry=0', '--cache-to', dead]);
    assert.equal(failed.code, 125);
    registry = await startRegistry();
  });
});

describe('an image as --cache-from', () => {
  test('gives the steps that its history tells', async () => {
    const context = makeContext({ Containerfile: STEPS, file: 'content' });
    const first = await buildOk(context);
    const root = await otherHost(first.image);
    const longer = makeContext({ Containerfile: `${STEPS}RUN echo more > /more\n`, file: 'content' });
    const second = await buildOk(longer, ['--cache-from', first.image], { root });
    assert.equal(await when(second.image, root), await when(first.image));
    assert.equal(await inImage(second.image, 'cat /more', { root }), 'more');
    await tspodOk(['builder', 'prune', '--all', '--force'], { root });
    const changed = makeContext({ Containerfile: STEPS, file: 'other' });
    const third = await buildOk(changed, ['--cache-from', first.image], { root });
    assert.notEqual(await when(third.image, root), await when(first.image));
  });

  test('that is not there is told, and the build goes on', async () => {
    const context = makeContext({ Containerfile: `${FROM}RUN echo alone >> /when\n` });
    const flags = ['--cache-from', 'localhost:1/none:1', '--retry=0'];
    const { image, stdout, stderr } = await buildOk(context, flags);
    assert.match(stdout + stderr, /cannot use --cache-from localhost:1\/none:1/);
    assert.equal(await when(image), 'alone');
  });
});

test('caches that are none of these are refused by name', async () => {
  const context = makeContext({ Containerfile: FROM });
  const cases: [string[], RegExp][] = [
    [['--cache-from', 'type=gha'], /--cache-from type=gha is not supported/],
    [['--cache-to', 'type=local,dest=x'], /--cache-to type=local is not supported/],
    [['--cache-to', 'example.com/a:1'], /without a tag/],
    [['--sbom=true'], /--sbom=true is not supported: images carry no attestations/],
  ];
  for (const [flags, expected] of cases) {
    const { code, stderr } = await tspod(['build', ...flags, context]);
    assert.equal(code, 125);
    assert.match(stderr, expected);
  }
});

describe('COPY --link', () => {
  test('makes a layer that is the same on every base, and follows no link of the base', async () => {
    const file = (base: string): string =>
      `FROM ${base}\nRUN mkdir -p /real && ln -s real /dir && echo someone:x:1234:1234::/: >> /etc/passwd\nCOPY --link --chown=someone file /dir/file\n`;
    const context = makeContext({ Containerfile: file('localhost/busybox:latest'), file: 'content' });
    const { image } = await buildOk(context);
    assert.equal(
      await inImage(image, 'cat /dir/file; stat -c %u /dir/file; ls /real; test -L /dir || echo directory'),
      'content1234\ndirectory',
    );
    await tspodOk(['tag', image, 'localhost/linked-base:1']);
    const other = makeContext({
      Containerfile: file('localhost/linked-base:1').replace(/RUN.*\n/, ''),
      file: 'content',
    });
    const second = await buildOk(other);
    const top = async (name: string): Promise<string> =>
      (await tspodOk(['image', 'inspect', '--format', '{{json .RootFS.Layers}}', name])).split('"').at(-2) ??
      '';
    assert.equal(await top(second.image), await top(image));
    assert.equal(await inImage(second.image, 'cat /dir/file'), 'content');
  });
});
