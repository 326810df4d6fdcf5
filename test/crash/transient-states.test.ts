import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertNothingLeft, listStore, processesOfContainer, query } from '../fixtures/crash-survey.ts';
import { freshName } from '../fixtures/containers.ts';
import { IMAGE } from '../fixtures/crash-operation.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import { type RunResult, testRoot, tspod, tspodOk } from '../fixtures/harness.ts';
import { requires } from '../fixtures/requires.ts';
import { surveyOk } from '../fixtures/surveyor.ts';
import { waitFor } from '../fixtures/wait-for.ts';

/** What each command does with a container whose owner was killed must be what it does with one that came to that state in peace. */
const COMMANDS: readonly (readonly [name: string, ...args: string[]])[] = [
  ['inspect', 'inspect', '--format', '{{.State.Status}}', 'NAME'],
  ['logs', 'logs', 'NAME'],
  ['start', 'start', 'NAME'],
  ['stop', 'stop', '--time', '0', 'NAME'],
  ['restart', 'restart', '--time', '0', 'NAME'],
  ['init', 'init', 'NAME'],
  ['kill', 'kill', 'NAME'],
  ['pause', 'pause', 'NAME'],
  ['unpause', 'unpause', 'NAME'],
  ['exec', 'exec', 'NAME', 'true'],
  ['top', 'top', 'NAME', 'args'],
  ['cp', 'cp', 'NAME:/etc/passwd', '-'],
  ['rename', 'rename', 'NAME', 'NAME-new'],
  ['update', 'update', '--memory', '50m', 'NAME'],
  ['wait', 'wait', '--condition', 'created,running,paused,exited', 'NAME'],
  ['rm', 'rm', '-v', 'NAME'],
  ['rm -f', 'rm', '-f', '-v', '--time', '0', 'NAME'],
];

type Settled = 'created' | 'initialized' | 'running' | 'paused' | 'exited' | 'gone';

type Work = (name: string) => Promise<unknown>;
type Broken = readonly [
  title: string,
  args: (name: string) => string[],
  prepare: Work,
  at: string,
  state: string,
  settled: Settled,
];

const QUIET = ['--network', 'none', '-v', '/data'];
const PROGRAM = [IMAGE, 'sleep', '1000'];
const nothing: Work = () => Promise.resolve();
const made: Work = (name) => surveyOk(['create', ...QUIET, '--name', name, ...PROGRAM]);
const running: Work = (name) => surveyOk(['run', '-d', ...QUIET, '--name', name, ...PROGRAM]);
const after =
  (before: Work, ...words: string[]): Work =>
  async (name) => {
    await before(name);
    await surveyOk([...words, name]);
  };
const initialized = after(made, 'init');
const exited = after(running, 'stop', '--time', '0');
const paused = after(running, 'pause');
const PEACEFUL: Readonly<Record<Settled, Work>> = {
  created: made,
  initialized,
  running,
  paused,
  exited,
  gone: nothing,
};

const creates = (name: string) => ['create', ...QUIET, '--name', name, ...PROGRAM];
const does =
  (...words: string[]) =>
  (name: string) =>
    words.map((word) => word.replace('NAME', name));
const start = does('start', 'NAME');
const stop = does('stop', '--time', '0', 'NAME');
const remove = does('rm', '-f', '-v', '--time', '0', 'NAME');
const restart = does('restart', '--time', '0', 'NAME');
const init = does('init', 'NAME');

/** What is killed, where and after what; the row's state at that moment; what it has to count as. */
const BROKEN: readonly Broken[] = [
  ['create', creates, nothing, 'create-after-row', 'creating', 'gone'],
  ['create', creates, nothing, 'create-before-complete', 'creating', 'gone'],
  ['init', init, made, 'start-after-mark', 'starting', 'created'],
  ['init', init, made, 'start-after-create', 'starting', 'created'],
  ['start', start, made, 'start-after-mark', 'starting', 'created'],
  ['start', start, exited, 'start-before-monitor', 'starting', 'created'],
  ['start', start, made, 'start-after-start', 'starting', 'running'],
  ['start of an initialized one', start, initialized, 'initialized-before-start', 'starting', 'created'],
  ['start of an initialized one', start, initialized, 'initialized-after-start', 'starting', 'running'],
  ['pause', does('pause', 'NAME'), running, 'pause-after-owner', 'running', 'running'],
  ['pause', does('pause', 'NAME'), running, 'pause-after-runtime', 'running', 'paused'],
  ['unpause', does('unpause', 'NAME'), paused, 'pause-after-owner', 'paused', 'paused'],
  ['unpause', does('unpause', 'NAME'), paused, 'pause-after-runtime', 'paused', 'running'],
  ['stop', stop, running, 'stop-after-mark', 'stopping', 'running'],
  ['stop', stop, running, 'stop-after-signal', 'stopping', 'exited'],
  ['rm -f of a paused one', remove, paused, 'stop-after-mark', 'stopping', 'paused'],
  ['restart', restart, running, 'stop-after-mark', 'stopping', 'running'],
  ['restart', restart, running, 'settle-after-exit', 'exited', 'exited'],
  ['restart', restart, running, 'start-after-mark', 'starting', 'created'],
  ['stop', stop, running, 'settle-after-exit', 'exited', 'exited'],
  ['stop', stop, running, 'settle-after-release', 'exited', 'exited'],
  ['rm', does('rm', '-v', 'NAME'), made, 'remove-after-mark', 'removing', 'gone'],
  ['rm', does('rm', '-v', 'NAME'), exited, 'remove-after-rootfs', 'removing', 'gone'],
  ['rm -f', remove, running, 'remove-after-mark', 'removing', 'gone'],
];

/** Each command comes after some of the kills, each kill before some of the commands; all after all take minutes. */
const PARTS = 3;
const TAKES_ALL = process.env['TSPOD_TEST_MOMENTS'] !== undefined;

const answers = new Map<string, Promise<string>>();
let baseline: string[] = [];

describe('the owner of a transient state is killed', { skip: requires('root') }, () => {
  before(async () => {
    await busyboxImage();
    await tspodOk(['run', '--rm', ...QUIET, IMAGE, 'true']);
    baseline = listStore(testRoot());
  });

  for (const [number, broken] of BROKEN.entries()) {
    const [title, , , at, state, settled] = broken;
    test(`${title} at ${at}: it is ${state}, and counts as ${settled} for the commands`, async () => {
      const commands = COMMANDS.filter((_, index) => TAKES_ALL || (index + number) % PARTS === 0);
      for (let first = 0; first < commands.length; first += 4)
        await Promise.all(commands.slice(first, first + 4).map((command) => assertSame(broken, command)));
      await assertNothingLeft(testRoot(), baseline, surveyOk);
    });
  }
});

async function assertSame(broken: Broken, [command, ...args]: (typeof COMMANDS)[number]): Promise<void> {
  const [title, killed, prepare, at, state, settled] = broken;
  const name = freshName('broken');
  await prepare(name);
  const { signal, stderr } = await tspod(killed(name), { env: { TSPOD_CRASH_AT: at } });
  assert.equal(signal, 'SIGKILL', `never came to ${at}: ${stderr}`);
  if (at === 'stop-after-signal') await hasEnded(name);
  if (at.endsWith('after-start')) await hasBegun(name);
  assert.equal(await stateOf(name), state);
  const answer = normalise(name, await tspod(args.map((word) => word.replace('NAME', name))));
  // Whoever finds it half removed removes it, which is all that these are for.
  const removes = settled === 'gone' && ['stop', 'rm', 'rm -f'].includes(command);
  const expected = removes ? '0\nNAME\n' : await answerInPeace(settled, command, args);
  assert.equal(answer, expected, `${command} after ${title} was killed at ${at}`);
}

function stateOf(name: string): Promise<string> {
  return look(`SELECT state AS it FROM containers WHERE name = '${name}'`);
}

function idOf(name: string): Promise<string> {
  return look(`SELECT id AS it FROM containers WHERE name = '${name}'`);
}

/** Whoever was killed may have left a log that others are just putting right. */
function look(sql: string): Promise<string> {
  return waitFor(sql, () => {
    try {
      return String(query(testRoot(), sql)[0]?.['it']);
    } catch {
      return undefined;
    }
  });
}

/** A signal takes a moment. */
async function hasEnded(name: string): Promise<void> {
  const file = join(testRoot().runRoot, 'exits', await idOf(name));
  await waitFor('the end to be written down', () => existsSync(file));
}

/** The runtime's own process becomes the program. */
async function hasBegun(name: string): Promise<void> {
  const { process: pid } = processesOfContainer(testRoot(), await idOf(name));
  await waitFor('the program', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep'));
}

function answerInPeace(settled: Settled, command: string, args: readonly string[]): Promise<string> {
  const key = `${settled} ${command}`;
  const known = answers.get(key);
  if (known !== undefined) return known;
  const answer = (async () => {
    const name = freshName('peaceful');
    await PEACEFUL[settled](name);
    return normalise(name, await tspod(args.map((word) => word.replace('NAME', name))));
  })();
  answers.set(key, answer);
  return answer;
}

/** Names and ids are each one's own, and so is how much of its files a killed start has made. */
function normalise(name: string, { code, stdout, stderr }: RunResult): string {
  const said = stdout.includes('\0') ? 'an archive\n' : stdout.replace(/^(A \/data|C \/etc)\n/gm, '');
  return `${code}\n${said}${stderr}`
    .replaceAll(name, 'NAME')
    .replace(/\b[0-9a-f]{64}\b/g, 'ID')
    .replace(
      /(no container with name or ID "NAME" found: )?no such container(: (NAME|ID))?/,
      'no such container',
    );
}
