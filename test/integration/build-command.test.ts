import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import {
  rootArguments,
  runProgram,
  TSPOD,
  testEnvironment,
  testRoot,
  tspod,
  tspodOk,
} from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';

const ID = /^[0-9a-f]{64}$/;

describe('build', () => {
  let image: string;
  before(async () => {
    image = await busyboxImage();
  });

  const context = (files: Record<string, string>): string => {
    const directory = mkdtempSync(join(testRoot().base, 'context-'));
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(join(directory, name, '..'), { recursive: true });
      writeFileSync(join(directory, name), content);
    }
    return directory;
  };
  const cat = (id: string, path: string): Promise<string> =>
    tspodOk(['run', '--rm', '--network', 'none', id, 'cat', path]);

  test('tells its steps as podman does, the id last, and what it took from before', async () => {
    const directory = context({ Dockerfile: `FROM ${image}\nRUN echo said\nCMD ["x"]\n` });
    const first = (await tspodOk(['build', '--tag', 'steps', directory])).split('\n');
    assert.deepEqual(first.slice(0, 4), [
      `STEP 1/3: FROM ${image}`,
      'STEP 2/3: RUN echo said',
      'said',
      'STEP 3/3: CMD ["x"]',
    ]);
    assert.ok(first.includes('COMMIT localhost/steps:latest'));
    assert.match(first.at(-1) ?? '', ID);
    const second = await tspodOk(['build', '--tag', 'steps', directory]);
    assert.match(second, /STEP 2\/3: RUN echo said\n--> Using cache/);
    assert.equal(second.split('\n').at(-1), first.at(-1));
  });

  test('prints only the id when it is to be quiet, and writes it to a file', async () => {
    const directory = context({ Containerfile: `FROM ${image}\nRUN echo loud\n` });
    const file = join(directory, 'id');
    const id = await tspodOk(['build', '-q', '--iidfile', file, directory]);
    assert.match(id, ID);
    assert.equal(readFileSync(file, 'utf8'), `sha256:${id}`);
  });

  test('takes a Containerfile from stdin, with and without a context', async () => {
    const directory = context({ file: 'from the context\n' });
    const withContext = await tspodOk(['build', '-q', '-f', '-', directory], {
      input: `FROM ${image}\nCOPY file /file\n`,
    });
    assert.equal(await cat(withContext, '/file'), 'from the context');
    const without = await tspodOk(['build', '-q', '-'], { input: `FROM ${image}\nRUN echo alone > /file\n` });
    assert.equal(await cat(without, '/file'), 'alone');
  });

  test('takes a compressed tar from stdin', async () => {
    const steps = `COPY a /a\nCOPY . /all\nRUN stat -c %a /all >/mode\n`;
    const directory = context({ 'sub/My.file': `FROM ${image}\n${steps}`, a: 'packed\n' });
    const tar = spawnSync('tar', ['-czf', '-', '-C', directory, '.'], { maxBuffer: 1 << 24 });
    const id = await tspodOk(['build', '-q', '-f', 'sub/My.file', '-'], { input: tar.stdout });
    assert.equal(await cat(id, '/a'), 'packed');
    assert.equal(await cat(id, '/mode'), '755');
    assert.deepEqual(
      readdirSync(join(testRoot().graphRoot, 'tmp')).filter((name) => name.startsWith('build-context-')),
      [],
    );
  });

  test('does not read a Containerfile through a link that leads out of the context', async () => {
    const outside = context({ secret: `FROM ${image}\n` });
    const directory = context({});
    symlinkSync(join(outside, 'secret'), join(directory, 'Dockerfile'));
    const result = await tspod(['build', directory]);
    assert.equal(result.code, 125);
    assert.match(result.stderr, /there is no Containerfile or Dockerfile in/);
  });

  test('tells what is wrong with file, line and caret before it runs anything', async () => {
    const directory = context({ Dockerfile: `FROM ${image}\nRUN echo ran\nCOPY --form=x a b\n` });
    const result = await tspod(['build', directory]);
    assert.equal(result.code, 125);
    assert.equal(result.stdout, '');
    assert.match(
      result.stderr,
      /Dockerfile:3: unknown flag --form of COPY\n3 \| COPY --form=x a b\n {2}\| {6}\^{6}\ndid you mean --from\?/,
    );
  });

  test('ends as the command that failed did, and tells its output also when it is quiet', async () => {
    const directory = context({ Dockerfile: `FROM ${image}\nRUN echo the reason; exit 7\n` });
    const result = await tspod(['build', '-q', directory]);
    assert.equal(result.code, 7);
    assert.match(result.stderr, /the reason\n.*Dockerfile:2: the command ended with status 7/s);
  });

  test('names build args that nothing takes, and takes values from the environment', async () => {
    const directory = context({ Dockerfile: `FROM ${image}\nARG TAKEN\nRUN echo "$TAKEN" > /taken\n` });
    const result = await tspod(['build', '-q', '--progress=plain', '--build-arg', 'TAKEN', directory], {
      env: { TAKEN: 'from outside' },
    });
    assert.equal(await cat(result.stdout.trim(), '/taken'), 'from outside');
    const warned = await tspod(['build', '--build-arg', 'NOBODY=1', directory]);
    assert.match(warned.stderr, /one or more build args were not consumed: \[NOBODY\]/);
  });

  test('writes files and archives where --output says', async () => {
    const directory = context({ Dockerfile: 'FROM scratch\nCOPY a /x/a\n', a: 'out\n' });
    const out = join(directory, 'out');
    await tspodOk(['build', '--output', out, directory]);
    assert.equal(readFileSync(join(out, 'x/a'), 'utf8'), 'out\n');
    const archive = join(directory, 'image.tar');
    await tspodOk(['build', '--tag', 'archived', '--output', `type=docker,dest=${archive}`, directory]);
    await tspodOk(['rmi', 'archived']);
    assert.match(await tspodOk(['load', '--input', archive]), /archived/);
  });

  test('refuses by name what it cannot keep', async () => {
    for (const flag of [
      '--cache-from=type=gha',
      '--cache-to=type=local,dest=x',
      '--rm=false',
      '--provenance=true',
      '--output=type=x',
    ]) {
      const result = await tspod(['build', flag, '.']);
      assert.equal(result.code, 125);
      assert.match(result.stderr, new RegExp(flag.split('=')[0] ?? ''));
    }
  });

  test('speaks docker when it is called so', async () => {
    const directory = context({ Dockerfile: `FROM ${image}\nLABEL as=docker\n` });
    const program = join(directory, 'docker');
    symlinkSync(TSPOD, program);
    const docker = (...args: string[]) =>
      runProgram(program, [...rootArguments(testRoot()), ...args], { env: testEnvironment() });
    const quiet = await docker('build', '-q', directory);
    assert.match(quiet.stdout, /^sha256:[0-9a-f]{64}\n$/);
    const loud = await docker('build', directory);
    assert.equal(loud.stdout, '');
    assert.match(loud.stderr, /STEP 2\/2: LABEL as=docker/);
  });
});
