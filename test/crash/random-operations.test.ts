import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { assertNothingLeft, listStore, query } from '../fixtures/crash-survey.ts';
import { IMAGE } from '../fixtures/crash-operation.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { processesOf } from '../fixtures/harness-leaks.ts';
import { spawnTspod } from '../fixtures/harness-spawn.ts';
import { testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';

/** What several users do at once to the same few objects, while commands and monitors are killed and stopped at any moment. */
const WORKERS = 3;
const COMMANDS = 4 * Number(process.env['TSPOD_TEST_MOMENTS'] ?? 10);
const SEED = Number(process.env['TSPOD_TEST_SEED'] ?? Date.now() % 1_000_000);
/** The longest that a command usually takes. */
const SPAN_MS = 400;
const STAYS_MS = 500;
const TROUBLE =
  /internal error|SQLITE|database is locked|is locked by another|ENOENT|EBADF|ECONN|FOREIGN KEY|undefined/;

const skip = requires('root');
const random = generator(SEED);
const chance = (probability: number): boolean => random() < probability;
const pick = <T>(list: readonly [T, ...T[]]): T => list[Math.floor(random() * list.length)] ?? list[0];
const container = (): string => pick(['one', 'two', 'three']);
const volume = (): string => pick(['data', 'more']);
const NONE = ['--network', 'none'];

interface Token {
  text: string;
  begun: number;
}
const written = new Map<string, Token[]>();
/** When a volume may last have been removed. */
const removed = new Map<string, number>();
let numbers = 0;
let baseline: string[] = [];

before(async () => {
  if (skip !== false) return;
  await busyboxImage();
  await tspodOk(['run', '--rm', ...NONE, '-v', '/data', IMAGE, 'true']);
  baseline = listStore(testRoot());
});

test(`${WORKERS * COMMANDS} random commands at once, some killed (TSPOD_TEST_SEED=${SEED}), lose nothing and leave nothing behind`, {
  skip,
}, async () => {
  const worker = async (): Promise<void> => {
    for (let done = 0; done < COMMANDS; done++) {
      if (chance(0.05)) disturbMonitor();
      await operation();
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  await assertStatesAreTrue();
  await assertVolumesAreWhole();
  assertEventsAreInOrder();
  await tspodOk(['pod', 'rm', '--all', '--force', '--time', '0']);
  await tspodOk(['rm', '--all', '--force', '--time', '0']);
  await tspodOk(['volume', 'prune', '--all', '--force']);
  await tspod(['rmi', 'localhost/made']);
  await tspodOk(['image', 'prune', '--force']);
  await assertNothingLeft(testRoot(), baseline);
});

async function operation(): Promise<void> {
  const name = container();
  const stays = ['sh', '-c', 'trap "exit 9" TERM; while :; do sleep 0.05; done'];
  const program = pick([stays, stays, ['sh', '-c', 'exit 9'], ['sh', '-c', 'sleep 0.2; exit 9']]);
  const flags = [...NONE, ...(chance(0.3) ? ['-v', `${volume()}:/d`] : [])];
  const kind = random();
  if (kind < 0.1) return await execWord(name);
  if (kind < 0.2) return await writeToken(volume());
  if (kind < 0.25) return await removeVolume(volume());
  await run(
    pick<string[]>([
      ['run', '-d', '--name', name, ...flags, ...(chance(0.3) ? ['--rm'] : []), IMAGE, ...program],
      ['run', '-d', '--name', name, ...flags, '--replace', IMAGE, ...program],
      ['create', '--name', name, ...flags, IMAGE, ...program],
      ['run', '-d', '--name', name, '--pod', 'both', IMAGE, ...program],
      ['start', name],
      ['start', name],
      ['stop', '--time', '1', name],
      ['restart', '--time', '0', name],
      ['kill', name],
      ['pause', name],
      ['unpause', name],
      ['rm', name],
      ['rm', '-f', '--time', '0', name],
      ['rename', name, container()],
      ['cp', `${name}:/etc/passwd`, '-'],
      ['logs', '-f', name],
      ['wait', name],
      ['commit', '-q', name, 'localhost/made'],
      ['diff', name, IMAGE],
      ['pod', 'create', '--name', 'both', ...NONE],
      ['pod', 'rm', '-f', '--time', '0', 'both'],
      ['rmi', 'localhost/made'],
      ['ps', '-a'],
      ['system', 'check', '--quick', '--repair'],
    ]),
    { mayBeKilled: true },
  );
}

interface Outcome {
  /** Undefined: it was killed. */
  code: number | undefined;
  stdout: string;
  stderr: string;
  begun: number;
}

async function run(args: string[], { mayBeKilled = false } = {}): Promise<Outcome> {
  const begun = performance.now();
  const command = spawnTspod(args);
  const stays = ['logs', 'wait'].includes(args[0] ?? '');
  const moment = mayBeKilled && chance(0.2) ? random() * SPAN_MS : stays ? STAYS_MS : undefined;
  const timer =
    moment === undefined ? undefined : setTimeout(() => command.kill(stays ? 'SIGTERM' : 'SIGKILL'), moment);
  const { code } = await command.exit;
  clearTimeout(timer);
  const [stdout, stderr] = [command.stdout(), command.stderr()];
  assert.doesNotMatch(stderr, TROUBLE, args.join(' '));
  return { code, stdout, stderr, begun };
}

async function execWord(name: string): Promise<void> {
  const word = `word${numbers++}`;
  const { code, stdout, stderr } = await run(['exec', name, 'sh', '-c', `echo ${word}; exit 7`]);
  if (code === 7) assert.equal(stdout, `${word}\n`);
  // 137: it was ended with its container. 255: nobody learned how.
  else if (code !== 137 && code !== 255) assert.match(stderr, /^Error: /m, `exec ended with ${String(code)}`);
}

async function writeToken(name: string): Promise<void> {
  const text = `token${numbers++}`;
  const script = `echo ${text} >>/d/log; echo ${text}`;
  const { code, stdout, begun } = await run([
    'run',
    '--rm',
    ...NONE,
    '-v',
    `${name}:/d`,
    IMAGE,
    'sh',
    '-c',
    script,
  ]);
  if (code !== 0) return;
  assert.equal(stdout, `${text}\n`);
  written.set(name, [...(written.get(name) ?? []), { text, begun }]);
}

async function removeVolume(name: string): Promise<void> {
  await run(['volume', 'rm', name], { mayBeKilled: true });
  removed.set(name, performance.now());
}

function monitors(): { pid: number }[] {
  return processesOf(testRoot()).filter(({ command }) => command.includes('tspod-monitor '));
}

function disturbMonitor(): void {
  const [first, ...others] = monitors();
  if (first === undefined) return;
  const { pid } = pick([first, ...others]);
  const kills = chance(0.7);
  signal(pid, kills ? 'SIGKILL' : 'SIGSTOP');
  if (kills) return;
  // Who is attached there would wait for ever.
  setTimeout(() => signal(pid, 'SIGCONT'), STAYS_MS);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

/** In peace nothing is on its way to something else, and an exit code is the program's, a killer's, or lost. */
async function assertStatesAreTrue(): Promise<void> {
  const ids = (await tspodOk(['ps', '-aq', '--no-trunc'])).split('\n').filter((id) => id !== '');
  for (const id of ids) {
    const format = '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}';
    const line = await tspodOk(['inspect', '--format', format, id]);
    assert.match(
      line,
      /^((created|running|paused) |exited (0|9|125|137|143) |exited -1 exit code lost)/,
      `container ${id}`,
    );
  }
}

async function assertVolumesAreWhole(): Promise<void> {
  for (const [name, tokens] of written) {
    const kept = tokens.filter(({ begun }) => begun > (removed.get(name) ?? 0));
    if (kept.length === 0) continue;
    const read = ['run', '--rm', ...NONE, '-v', `${name}:/d`, IMAGE, 'cat', '/d/log'];
    const lines = (await tspodOk(read)).split('\n');
    assert.deepEqual(
      kept.filter(({ text }) => !lines.includes(text)),
      [],
      `volume ${name}`,
    );
  }
}

/** A container starts when it does not run, and nothing happens to one that has been removed. */
function assertEventsAreInOrder(): void {
  const rows = query(
    testRoot(),
    "SELECT object_id, group_concat(action, ' ') AS actions FROM (SELECT * FROM events WHERE kind = 'container' ORDER BY seq) GROUP BY object_id",
  );
  for (const { object_id: id, actions } of rows) {
    const told = String(actions);
    assert.doesNotMatch(told, /\bremove .*\w/, `container ${String(id)}`);
    assert.doesNotMatch(told, /\bstart( (?!died)\w+)* start\b/, `container ${String(id)}`);
  }
}

/** Numbers from 0 to 1 that the seed alone decides (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
