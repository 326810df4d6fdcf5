import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';
import { underCrun } from '../fixtures/under-crun.ts';

let programs = '';

const run = async (...args: string[]) =>
  await tspod(['run', '--network', 'none', '-v', `${programs}:/x`, ...args]);

before(() => {
  programs = join(testRoot().base, 'programs');
  mkdirSync(programs);
  const add = (name: string, content: string | Buffer): void => {
    writeFileSync(join(programs, name), content);
    chmodSync(join(programs, name), 0o755);
  };
  add('no-interpreter-line', 'echo hello\n');
  add('lost-interpreter', '#!/no/such/shell\n');
  const foreign = Buffer.from(readFileSync('/bin/busybox'));
  // e_machine of a processor that was never built.
  foreign.writeUInt16LE(0x1234, 18);
  add('foreign', foreign);
});

describe('a program that the kernel refuses to execute', () => {
  for (const [program, cause] of [
    ['no-interpreter-line', /#! line/],
    ['foreign', /is a program for machine type 4660, this host is/],
  ] as const) {
    it(`makes run and exec end with 126 and say why: ${program}`, async () => {
      const image = await busyboxImage();
      const ran = await run('--rm', image, `/x/${program}`);
      assert.equal(ran.code, 126, ran.stderr);
      assert.match(ran.stderr, /Error: .*exec format error/i);
      assert.match(ran.stderr, cause);
      const name = await startSleeper(['-v', `${programs}:/x`]);
      const executed = await tspod(['exec', name, `/x/${program}`]);
      assert.equal(executed.code, 126, executed.stderr);
      assert.match(executed.stderr, /Error: .*exec format error/i);
      await tspodOk(['rm', '-f', '-t', '0', name]);
    });
  }

  it('is told from one that ends with 1 under crun, too', { skip: requires('root', 'crun') }, async () => {
    const words = ['run', '--rm', '--network', 'none', '-v', `${programs}:/x`, await busyboxImage()];
    const refused = await underCrun([...words, '/x/foreign']);
    assert.equal(refused.code, 126, refused.stderr);
    assert.match(refused.stderr, /Error: .*exec format error/i);
    const ended = await underCrun([...words, 'sh', '-c', 'echo exec >&2; exit 1']);
    assert.deepEqual([ended.code, ended.stderr], [1, 'exec\n']);
  });

  it('counts as not found when it is its interpreter that is missing', async () => {
    const image = await busyboxImage();
    const ran = await run('--rm', image, '/x/lost-interpreter');
    assert.equal(ran.code, 127, ran.stderr);
    assert.match(ran.stderr, /interpreter/);
  });

  it('leaves that exit code with a detached container, and the reason in its log', async () => {
    const name = freshName();
    const { code } = await run('-d', '--name', name, await busyboxImage(), '/x/foreign');
    assert.equal(code, 0);
    assert.equal(await tspodOk(['wait', name]), '126');
    assert.equal(await tspodOk(['inspect', '--format', '{{.State.ExitCode}}', name]), '126');
    const log = await tspod(['logs', name]);
    assert.match(log.stderr, /exec format error/i);
    await tspodOk(['rm', name]);
  });

  it('is not what a program says that prints the same words', async () => {
    const script = 'echo exec /x: exec format error >&2; exit 1';
    const { code } = await run('--rm', await busyboxImage(), 'sh', '-c', script);
    assert.equal(code, 1);
  });
});
