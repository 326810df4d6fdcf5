import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { rootArguments, testEnvironment, testRoot, TSPOD, tspod, tspodOk } from '../fixtures/harness.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { waitFor } from '../fixtures/wait-for.ts';

const QUICK = 'tspod-quick';
const WHOLE = 'node';

describe('what a command runs as', () => {
  test('the quick program does what is over in a moment, the whole one the rest', async () => {
    await busyboxImage();
    const id = await tspodOk(['run', '-d', '--network', 'none', 'busybox', 'sleep', '1000']);
    for (const [words, program] of [
      [['wait', id], QUICK],
      [['logs', '--follow', id], QUICK],
      [['events'], QUICK],
      [['load'], WHOLE],
    ] as const)
      await runsAs(words, program);
    await tspodOk(['rm', '-f', '-t', '0', id]);
  });

  test('TSPOD_NODE and descriptors of the caller are for the whole one', async () => {
    const node = readlinkSync(`/proc/${process.pid}/exe`);
    const image = await busyboxImage();
    const id = await tspodOk(['run', '-d', '--network', 'none', image, 'sleep', '1000']);
    await runsAs(['wait', id], basename(node), { TSPOD_NODE: node });
    await tspodOk(['rm', '-f', '-t', '0', id]);
    // The shell opens the descriptor that the container is given.
    const words = [
      'run',
      '--rm',
      '--network',
      'none',
      '--preserve-fds',
      '1',
      image,
      'cat',
      '/proc/self/fd/3',
    ];
    const line = [TSPOD, ...rootArguments(testRoot()), ...words];
    const { stdout, stderr } = spawnSync('sh', ['-c', 'exec 3<"$0"; exec "$@"', '/etc/hostname', ...line], {
      encoding: 'utf8',
      env: testEnvironment(),
    });
    assert.equal(stdout, spawnSync('cat', ['/etc/hostname'], { encoding: 'utf8' }).stdout, stderr);
  });

  test('an image that has to be pulled is handed over before anything is made', async () => {
    const words = ['run', '--retry', '0', '--name', 'absent', '127.0.0.1:1/none/such', 'true'];
    const { code, stderr } = await tspod(words);
    assert.equal(code, 125);
    assert.match(stderr, /127\.0\.0\.1:1\/none\/such/);
    assert.match(stderr, /refused/);
    assert.equal((await tspod(['container', 'exists', 'absent'])).code, 1);
  });
});

describe('the directory that a command is called in', () => {
  const directory = mkdtempSync(join(testRoot().base, 'called-in-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  test('has no say in what the program does', async () => {
    const marker = join(directory, 'marker');
    writeFileSync(
      join(directory, 'preload.js'),
      `require('fs').writeFileSync(${JSON.stringify(marker)}, '')`,
    );
    writeFileSync(join(directory, 'bunfig.toml'), 'preload = ["./preload.js"]\n[run]\nbun = true\n');
    writeFileSync(join(directory, '.env'), 'FROM_DIRECTORY=yes\nCONTAINERS_CONF=/nowhere\n');
    writeFileSync(
      join(directory, 'package.json'),
      '{ "type": "module", "imports": { "node:fs": "./preload.js" } }',
    );
    writeFileSync(
      join(directory, 'tsconfig.json'),
      '{ "compilerOptions": { "paths": { "*": ["./preload.js"] } } }',
    );
    const image = await busyboxImage();
    const words = ['run', '--rm', '--network', 'none', '--env', 'FROM_DIRECTORY', image, 'env'];
    const printed = await tspodOk(words, { cwd: directory });
    assert.doesNotMatch(printed, /FROM_DIRECTORY/);
    assert.equal(existsSync(marker), false);
  });

  test('may have been removed', () => {
    const gone = join(directory, 'gone');
    const line = [TSPOD, ...rootArguments(testRoot()), 'ps', '--quiet'];
    const script = 'mkdir "$0"; cd "$0"; rmdir "$0"; exec "$@"';
    const { status, stderr } = spawnSync('sh', ['-c', script, gone, ...line], {
      encoding: 'utf8',
      env: testEnvironment(),
    });
    assert.equal(status, 0, stderr);
  });
});

test("options for the user's own Bun reach containers, not this program", async () => {
  const image = await busyboxImage();
  const env = {
    BUN_OPTIONS: '--preload=/nowhere.js',
    BUN_BE_BUN: '1',
    BUN_INSPECT: 'ws://127.0.0.1:1',
    BUN_JSC_nonsense: '1',
    MIMALLOC_VERBOSE: '1',
  };
  const names = Object.keys(env).flatMap((name) => ['--env', name]);
  const printed = await tspodOk(['run', '--rm', '--network', 'none', ...names, image, 'env'], { env });
  for (const [name, value] of Object.entries(env))
    assert.ok(printed.split('\n').includes(`${name}=${value}`), printed);
  const { stderr } = await tspod(['ps', '--quiet'], { env });
  assert.equal(stderr, '');
});

test('the addon needs nothing that only Node has, also where all of it is looked up at once', async () => {
  for (const env of [{}, { _TSPOD_WHOLE: '1' }])
    assert.equal((await tspod(['ps', '--quiet'], { env: { ...env, LD_BIND_NOW: '1' } })).stderr, '');
});

describe('both programs', () => {
  const both = async (words: readonly string[]): Promise<[string, string]> => [
    await tspodOk(words),
    await tspodOk(words, { env: { _TSPOD_WHOLE: '1' } }),
  ];

  test('name the same Node and the same controllers, in the same order', async () => {
    for (const words of [
      ['version'],
      ['version', '--format', 'json'],
      ['info', '--format', '{{json .Host.CgroupControllers}}'],
    ]) {
      const [quick, whole] = await both(words);
      assert.equal(quick, whole);
    }
  });

  test('say the same about a file that is not JSON', async () => {
    const image = await busyboxImage();
    const words = [
      'run',
      '--rm',
      '--network',
      'none',
      '--security-opt',
      'seccomp=/etc/passwd',
      image,
      'true',
    ];
    const quick = await tspod(words);
    const whole = await tspod(words, { env: { _TSPOD_WHOLE: '1' } });
    assert.match(quick.stderr, /seccomp profile \/etc\/passwd: not valid JSON$/m);
    assert.deepEqual(quick, whole);
  });

  test('take a directory as input for an empty one', async () => {
    const image = await busyboxImage();
    const words = ['run', '--interactive', '--rm', '--network', 'none', image, 'cat'];
    const line = [TSPOD, ...rootArguments(testRoot()), ...words];
    for (const env of [{}, { _TSPOD_WHOLE: '1' }]) {
      const { status, stderr } = spawnSync('sh', ['-c', 'exec "$@" < /', 'sh', ...line], {
        encoding: 'utf8',
        env: { ...testEnvironment(), ...env },
      });
      assert.equal(status, 0, stderr);
    }
  });
});

async function runsAs(
  words: readonly string[],
  program: string,
  env: Record<string, string> = {},
): Promise<void> {
  const running = spawnTspod(words, { env });
  try {
    const isThere = (): boolean => basename(readlinkSync(`/proc/${running.pid}/exe`)) === program;
    await waitFor(`${words.join(' ')} to run as ${program}`, isThere);
  } finally {
    running.kill('SIGKILL');
    await running.exit;
  }
}
