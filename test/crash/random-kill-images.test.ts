import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type BadRegistry, startBadRegistry } from '../fixtures/bad-registry.ts';
import { assertNothingLeft, listStore } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspodOk } from '../fixtures/harness.ts';
import { buildImage } from '../fixtures/images.ts';
import { requires } from '../fixtures/requires.ts';
import { surveyOk } from '../fixtures/surveyor.ts';

/** Of each of the five commands. 20 are a hundred in all; half of them where every run counts. */
const MOMENTS = Number(process.env['TSPOD_TEST_MOMENTS'] ?? 10);
const skip = requires('root');
const image = buildImage({
  layers: [0, 1, 2].map((layer) =>
    Array.from({ length: 300 }, (_, i) => ({ name: `f${layer}-${i}`, content: `${i}`.repeat(3000) })),
  ),
  compression: 'none',
});
const archive = join(testRoot().base, 'victim.tar');
let registry: BadRegistry;
let name = '';
let baseline: string[] = [];

before(async () => {
  if (skip !== false) return;
  registry = await startBadRegistry(image);
  name = `${registry.host}/victim:1`;
  writeFileSync(join(testRoot().base, 'auth.json'), '{}');
  await busyboxImage();
  await pull();
  await tspodOk(['save', '-q', '-o', archive, name]);
  await tspodOk(['rmi', name]);
  await tspodOk(['run', '--name', 'changed', '--network', 'none', 'busybox', 'touch', '/new']);
  await tspodOk(['rm', 'changed']);
  await tspodOk(['container', 'prune', '--force']);
  baseline = listStore(testRoot());
});
after(() => registry?.stop());

const PULL = (): string[] => ['pull', '-q', '--tls-verify=false', name];
const pull = () => tspodOk(PULL());

const COMMANDS: readonly { what: string; args: () => string[]; prepare?: () => Promise<unknown> }[] = [
  { what: 'pull', args: PULL },
  { what: 'load', args: () => ['load', '-q', '-i', archive] },
  { what: 'rmi', args: () => ['rmi', name], prepare: pull },
  {
    what: 'commit',
    args: () => ['commit', '-q', 'changed', name],
    prepare: () =>
      tspodOk([
        'run',
        '--name',
        'changed',
        '--network',
        'none',
        'busybox',
        'sh',
        '-c',
        'head -c 3m /dev/zero >/new',
      ]),
  },
  {
    what: 'image prune',
    args: () => ['image', 'prune', '--force'],
    prepare: async () => {
      await pull();
      await tspodOk(['untag', name]);
    },
  },
];

for (const { what, args, prepare } of COMMANDS) {
  test(`${what} killed at ${MOMENTS} moments of its life leaves nothing behind`, { skip }, async () => {
    await prepare?.();
    const start = performance.now();
    await tspodOk(args());
    const duration = performance.now() - start;
    await assertCleansUp();
    for (let moment = 1; moment <= MOMENTS; moment++) {
      await prepare?.();
      const command = spawnTspod(args());
      const timer = setTimeout(() => command.kill('SIGKILL'), (duration * moment) / (MOMENTS + 1));
      await command.exit;
      clearTimeout(timer);
      // Whatever state it is in, the same thing works now.
      if (what === 'pull') await pull();
      await assertCleansUp();
    }
  });
}

async function assertCleansUp(): Promise<void> {
  await surveyOk(['rm', '--force', '--ignore', 'changed']);
  await surveyOk(['rmi', '--force', '--ignore', name]);
  await surveyOk(['image', 'prune', '--force']);
  await assertNothingLeft(testRoot(), baseline, surveyOk);
}
