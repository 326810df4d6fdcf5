import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { assertNothingLeft, listStore } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { startRegistry, type TestRegistry } from '../fixtures/registry.ts';
import { requires } from '../fixtures/requires.ts';

const COMMANDS = 200;
/** More would only wait for the processors, and fill the memory of a small machine. */
const AT_ONCE = 25;

/** What may be said when somebody else was first: the image is gone, or a container has it. */
const BEATEN =
  /image not known|image used by|image is in use|removed by another process|is not complete: its image cannot be added/i;

describe('two hundred commands on the same images', { skip: requires('root', 'docker-registry') }, () => {
  let registry: TestRegistry;
  let names: string[] = [];
  let baseline: string[] = [];
  before(async () => {
    registry = await startRegistry();
    await busyboxImage();
    names = ['one', 'two'].map((name) => `${registry.host}/${name}:1`);
    const [one = '', two = ''] = names;
    const build = ['build', '-q', '-t', two, '-'];
    await tspodOk(build, { input: 'FROM busybox\nRUN echo 2 >/two\n' });
    await tspodOk(['tag', 'busybox', one]);
    for (const name of names) await tspodOk(['push', '-q', '--tls-verify=false', name]);
    await tspodOk(['rmi', '--all', '--force']);
    await tspodOk(['system', 'prune', '--all', '--force']);
    writeFileSync(join(testRoot().base, 'auth.json'), '{}');
    baseline = listStore(testRoot());
  });
  after(() => registry?.stop());

  test('each succeed, or are told who was first; the store is whole, and empty at last', async () => {
    const access = ['--tls-verify=false'];
    const command = (i: number): string[] => {
      const name = names[i % 2] ?? '';
      const kinds = [
        ['pull', '-q', ...access, name],
        ['run', '--rm', '--network', 'none', ...access, name, 'true'],
        ['tag', name, `other:${i % 7}`],
        ['rmi', '--force', name],
        ['pull', '-q', ...access, name],
        ['rmi', `other:${i % 7}`],
        ['image', 'prune', '--force'],
        ['images', '--all'],
      ];
      return kinds[(i * 7 + Math.floor(i / 8)) % kinds.length] ?? [];
    };
    const problems: string[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      for (let i = next++; i < COMMANDS; i = next++) {
        const args = command(i);
        const { code, stderr } = await tspod(args);
        // A forced rmi takes the containers of others with it.
        const isEnded = args[0] === 'run' && [137, 143].includes(code);
        if (code !== 0 && !isEnded && !BEATEN.test(stderr))
          problems.push(`${args.join(' ')}: ${code}: ${stderr}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    assert.deepEqual(problems, []);
    await tspodOk(['system', 'check']);
    for (const name of names) {
      await tspodOk(['pull', '-q', ...access, name]);
      await tspodOk(['run', '--rm', '--network', 'none', name, 'true']);
    }
    await tspodOk(['rmi', '--all', '--force']);
    await tspodOk(['system', 'prune', '--all', '--force']);
    await assertNothingLeft(testRoot(), baseline);
  });
});
