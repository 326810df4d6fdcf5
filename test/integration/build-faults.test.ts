import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { build, inImage, makeContext } from '../fixtures/build.ts';
import { assertNothingLeft, findRemains, listStore } from '../fixtures/crash-survey.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { commandLinesWith, processesOf } from '../fixtures/harness-leaks.ts';
import { type SpawnedTspod, spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { buildTar, type FixtureEntry } from '../fixtures/images.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const FROM = 'FROM localhost/busybox:latest\n';
const MOMENTS = 7;
const TAG = 'localhost/faulty:1';

const STAGES = `FROM localhost/busybox:latest AS one
COPY large /large
RUN --mount=type=cache,target=/cache wc -c < /large > /size && echo seen >> /cache/list
FROM localhost/busybox:latest
ADD packed.tar /packed/
COPY --from=one /size /size
RUN --mount=type=secret,id=key --mount=type=tmpfs,target=/t cat /size /packed/a > /both
`;
const LARGE = 3_000_000;

let baseline: string[] = [];
let context = '';

before(async () => {
  await busyboxImage();
  context = makeContext({
    Containerfile: STAGES,
    large: Buffer.alloc(LARGE, 'x'),
    'packed.tar': buildTar([{ name: 'a', content: 'packed\n' }]),
  });
  await tspodOk(BUILD(), KEY);
  await forget();
  baseline = listStore(testRoot());
});

const BUILD = () => ['build', '--network', 'none', '--secret', 'id=key,env=KEY', '--tag', TAG, context];
const KEY = { env: { KEY: 'the key of the test' } };

async function forget(): Promise<void> {
  await tspod(['rmi', TAG]);
  await tspodOk(['builder', 'prune', '--all', '--force']);
}

/** The build works, and then nothing of all builds is left. */
async function assertRepeats(): Promise<void> {
  await tspodOk(BUILD(), KEY);
  assert.equal(await inImage(TAG, 'cat /both'), `${LARGE}\npacked`);
  await forget();
  await assertNothingLeft(testRoot(), baseline);
}

/** Monitors and containers are in sessions of their own. */
function killRest(): void {
  for (const { pid } of processesOf(testRoot())) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Ended by itself.
    }
  }
}

describe('a build', () => {
  test(`killed at ${MOMENTS} moments, alone or with all it has started, works when it is repeated, and leaves nothing`, {
    timeout: 500_000,
  }, async () => {
    const started = performance.now();
    await assertRepeats();
    const duration = (performance.now() - started) / 2;
    for (let moment = 1; moment <= MOMENTS; moment++) {
      const command = spawnTspod(BUILD(), KEY);
      await Promise.race([delay((duration * moment) / MOMENTS), command.exit]);
      command.kill('SIGKILL');
      await command.exit;
      if (moment % 2 === 0) killRest();
      await assertRepeats();
    }
  });

  test('killed with its monitor while it runs a command, has that command ended by the next one', async () => {
    const nap = String(1_000_000 + process.pid);
    const slow = makeContext({ Containerfile: `${FROM}RUN echo started; sleep ${nap}\n` });
    const command = spawnTspod(['build', '--network', 'none', slow]);
    await waitFor('the command', () => /^started/m.test(command.stdout() + command.stderr()));
    command.kill('SIGKILL');
    await command.exit;
    killRest();
    await assertRepeats();
    assert.deepEqual(commandLinesWith(`sleep\0${nap}`), []);
  });

  test('killed while it runs a command takes that command and its container with it', async () => {
    const nap = String(2_000_000 + process.pid);
    // The command of its own process group survives what only ends the group of the first.
    const slow = makeContext({
      Containerfile: `${FROM}RUN setsid sleep ${nap} & echo started; exec sleep ${nap}\n`,
    });
    const command = spawnTspod(['build', '--network', 'none', slow]);
    await waitFor('the command', () => /^started/m.test(command.stdout() + command.stderr()));
    command.kill('SIGKILL');
    await command.exit;
    await waitFor('its end', () => commandLinesWith(`sleep\0${nap}`).length === 0);
    await waitFor('the end of its monitor', () => processesOf(testRoot()).length === 0);
    assert.deepEqual(await findRemains(testRoot()), []);
    await assertRepeats();
  });

  for (const [name, signals] of [
    ['once', 1],
    ['twice', 2],
  ] as const)
    test(`interrupted ${name} while it runs a command ends, and leaves nothing that a prune does not take`, async () => {
      const slow = makeContext({ Containerfile: `${FROM}COPY f /\nRUN echo started; sleep 1000\n`, f: 'x' });
      const command = spawnTspod(['build', '--network', 'none', slow]);
      await waitFor('the command', () => /^started/m.test(command.stdout() + command.stderr()));
      for (let count = 0; count < signals; count++) command.kill('SIGINT');
      const { code, signal } = await command.exit;
      assert.ok(signal !== undefined || code !== 0);
      if (signals === 1) {
        assert.deepEqual(await findRemains(testRoot()), []);
        assert.doesNotMatch(command.stderr(), /internal error/);
      }
      await assertRepeats();
    });

  test('beside an equal one of which one is killed, is finished by the other', async () => {
    const equal = makeContext({ Containerfile: `${FROM}RUN echo started; sleep 2; echo done > /done\n` });
    const args = ['build', '--network', 'none', '--tag', TAG, equal];
    const builds = [spawnTspod(args), spawnTspod(args)];
    const printed = (one: SpawnedTspod): string => one.stdout() + one.stderr();
    await waitFor('one that runs the command', () => builds.some((one) => /^started/m.test(printed(one))));
    const first = builds.find((one) => /^started/m.test(printed(one)));
    assert.ok(first);
    first.kill('SIGKILL');
    const others = builds.filter((one) => one !== first);
    for (const other of others) assert.equal((await other.exit).code, 0, printed(other));
    assert.equal(await inImage(TAG, 'cat /done'), 'done');
    await forget();
    await assertNothingLeft(testRoot(), baseline);
  });

  test('has its secrets in no argument, list, log or document while it runs and afterwards', async () => {
    const secret = `hidden-${process.pid}-words`;
    const gate = makeContext({
      Containerfile: `${FROM}RUN --mount=type=secret,id=key --mount=type=secret,id=key,env=KEY grep -q hidden /run/secrets/key && echo started; sleep 3\n`,
    });
    const flags = ['--network', 'none', '--tag', TAG, '--secret', 'id=key,env=THE_KEY'];
    const command = spawnTspod(['build', ...flags, gate], { env: { THE_KEY: secret } });
    await waitFor('the command', () => /^started/m.test(command.stdout() + command.stderr()));
    assert.deepEqual(commandLinesWith(secret), []);
    assert.ok(!(await tspodOk(['ps', '-a', '--no-trunc'])).includes(secret));
    assert.equal((await command.exit).code, 0, command.stderr());
    for (const args of [
      ['history', '--no-trunc', TAG],
      ['image', 'inspect', TAG],
      ['events', '--stream=false', '--since', '1h'],
    ])
      assert.ok(!(await tspodOk(args)).includes(secret), args.join(' '));
    const archive = join(testRoot().base, 'with-secret.tar');
    await tspodOk(['save', '-q', '-o', archive, TAG]);
    assert.ok(!readFileSync(archive).includes(secret));
    await forget();
  });
});

describe('an archive in a context', () => {
  const outside = (): string => join(testRoot().base, 'outside');
  const archives: [string, FixtureEntry[]][] = [
    ['a path upwards', [{ name: '../../../../../../../../tmp/tspod-escaped', content: 'x' }]],
    [
      'a link that leads out and a file through it',
      [
        { name: 'out', link: '../../../../../../../../..' },
        { name: 'out/tmp/tspod-escaped', content: 'x' },
      ],
    ],
    [
      'an absolute link and a file through it',
      [
        { name: 'out', link: '/' },
        { name: 'out/tmp/tspod-escaped', content: 'x' },
      ],
    ],
  ];

  before(() => writeFileSync(outside(), 'not yours'));

  for (const [what, entries] of archives) {
    test(`with ${what} writes nothing outside the image`, async () => {
      const hostile = makeContext({
        Containerfile: `${FROM}ADD hostile.tar /into/\n`,
        'hostile.tar': buildTar(entries),
      });
      const result = await build(hostile);
      assert.doesNotMatch(result.stderr, /internal error/);
      assert.equal(existsSync('/tmp/tspod-escaped'), false);
      if (result.code === 0) await tspodOk(['rmi', result.image]);
    });

    test(`that is the context, with ${what}, writes nothing outside it`, async () => {
      const input = buildTar([{ name: 'Containerfile', content: FROM }, ...entries]);
      const result = await tspod(['build', '--network', 'none', '-'], { input });
      assert.doesNotMatch(result.stderr, /internal error/);
      assert.equal(existsSync('/tmp/tspod-escaped'), false);
    });
  }

  test('cannot name a file outside by a hard link', async () => {
    const entries: FixtureEntry[] = [
      { name: 'up', type: 'hardlink', link: `../../../../../../../..${outside()}` },
      { name: 'absolute', type: 'hardlink', link: outside() },
    ];
    for (const entry of entries) {
      const packed = makeContext({
        Containerfile: `${FROM}ADD hostile.tar /\n`,
        'hostile.tar': buildTar([entry]),
      });
      assert.notEqual((await build(packed)).code, 0);
      const input = buildTar([{ name: 'Containerfile', content: `${FROM}COPY . /\n` }, entry]);
      assert.notEqual((await tspod(['build', '--network', 'none', '-'], { input })).code, 0);
    }
    assert.equal(readFileSync(outside(), 'utf8'), 'not yours');
  });

  test('with links that lead out shows what they name to nobody', async () => {
    const input = buildTar([
      {
        name: 'Containerfile',
        content: `${FROM}COPY dir /dir\nRUN --mount=type=bind,target=/ctx ! cat /ctx/dir/link /dir/link\n`,
      },
      { name: 'dir/' },
      { name: 'dir/link', link: outside() },
    ]);
    await tspodOk(['build', '--network', 'none', '--tag', TAG, '-'], { input });
    assert.equal(await inImage(TAG, 'readlink /dir/link'), outside());
    const throughLink = buildTar([
      { name: 'Containerfile', content: `${FROM}COPY dir/link /copied\n` },
      { name: 'dir', link: '/' },
      { name: 'file', link: outside() },
    ]);
    assert.notEqual((await tspod(['build', '-'], { input: throughLink })).code, 0);
    await forget();
  });

  test('that is cut off is refused, and nothing of it stays', async () => {
    const whole = buildTar([{ name: 'a', content: 'x'.repeat(100_000) }]);
    const cut = makeContext({
      Containerfile: `${FROM}ADD cut.tar /\n`,
      'cut.tar': whole.subarray(0, 50_000),
    });
    const { code, stderr } = await build(cut);
    assert.notEqual(code, 0);
    assert.match(stderr, /Containerfile:2/);
    await forget();
    await assertNothingLeft(testRoot(), baseline);
  });
});
