import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { basename, join, relative } from 'node:path';
import { createInterface } from 'node:readline';

/** Below the working directory, which is the copy of the tree where this one cannot be read. */
const REPORTER = 'scripts/test/reporter.mjs';
const TEST_TIMEOUT_MS = 600_000;

/** More failing files than this are no accident of timing: they are not run again. */
const MOST_RUN_AGAIN = 8;
const SLOWEST_TOLD = 8;
/** Half of the time tests wait: for containers to end, for timeouts. */
const PARALLEL = Math.max(3, availableParallelism());

/**
 * Runs test files, each batch in a process of its own, a few at the same time, and counts what happened.
 * Files with failures run once more, alone: what passes then is told as unsteady, with its first error, and is no failure.
 * options: { phase, tally, node, cwd, env, wrap: (command) => command, batches: string[][], parallel, timeoutMs, testTimeoutMs }
 */
export async function runFiles(options) {
  const { phase, tally, batches, parallel = PARALLEL } = options;
  if (batches.length === 0) return;
  const started = performance.now();
  const outcomes = await runBatches(batches, parallel, options);
  const failed = outcomes.filter(({ fail }) => fail.size > 0);
  const again =
    failed.length > MOST_RUN_AGAIN ? [] : failed.filter(({ overdue }) => !overdue).map(filesOfFailures);
  const second = await runBatches(again, 1, options);
  const counts = count(outcomes, second);
  for (const _ of counts.pass) tally.pass();
  for (const [name, reason] of counts.skip) tally.skip(phase, name, reason);
  for (const name of counts.fail) tally.fail(phase, name);
  for (const name of counts.unsteady) tally.unsteady(phase, name);
  console.log(
    `-- ${phase}: ${counts.pass.length} passed, ${counts.fail.length} failed, ${counts.skip.length} skipped in ${secondsSince(started)} s`,
  );
  if (outcomes.length > SLOWEST_TOLD) console.log(`-- slowest: ${tellSlowest(outcomes)}`);
}

function tellSlowest(outcomes) {
  return outcomes
    .toSorted((one, other) => other.seconds - one.seconds)
    .slice(0, SLOWEST_TOLD)
    .map(({ files, seconds }) => `${basename(files[0])} ${seconds}`)
    .join(', ');
}

function secondsSince(started) {
  return ((performance.now() - started) / 1000).toFixed(1);
}

async function runBatches(batches, parallel, options) {
  const queue = [...batches];
  const outcomes = [];
  const worker = async () => {
    for (let batch = queue.shift(); batch !== undefined; batch = queue.shift())
      outcomes.push(await runBatch(batch, options));
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  return outcomes;
}

/** The files of a batch in which something failed; all of them where a failure belongs to none: a test may be defined by a fixture. */
function filesOfFailures({ files, fail }) {
  const failing = [...new Set(fail.values())];
  return failing.every((file) => files.includes(file)) ? failing : files;
}

/** The second run has the last word on what failed in the first, and on all that fails in it. */
function count(first, second) {
  const all = (outcomes, kind) => outcomes.flatMap((outcome) => [...outcome[kind]]);
  const passedLater = new Set(all(second, 'pass'));
  const failedLater = all(second, 'fail').map(([name]) => name);
  // A file or a suite that failed as a whole has no test of that name: it is mended when nothing failed in its second run.
  const clean = new Set(second.filter(({ fail }) => fail.size === 0).flatMap(({ files }) => files));
  const fail = new Set(failedLater);
  const unsteady = [];
  for (const { files, fail: failures } of first)
    for (const [name, file] of failures) {
      const isMended = (files.includes(file) ? [file] : files).every((one) => clean.has(one));
      if (isMended || passedLater.has(name)) unsteady.push(name);
      else fail.add(name);
    }
  const pass = new Set([...all(first, 'pass'), ...passedLater]);
  return {
    pass: [...pass].filter((name) => !fail.has(name)),
    skip: [...new Map([...all(first, 'skip'), ...all(second, 'skip')])],
    fail: [...fail],
    unsteady,
  };
}

/** Returns { files, pass: Set of names, fail: Map of name to file, skip: Map of name to reason, overdue, seconds }. */
async function runBatch(files, options) {
  const started = performance.now();
  const { node, cwd, env, wrap = (command) => command } = options;
  const { timeoutMs = 1_800_000, testTimeoutMs = TEST_TIMEOUT_MS } = options;
  const [program, ...args] = wrap([
    node,
    '--test',
    '--test-concurrency=2',
    `--test-timeout=${testTimeoutMs}`,
    `--test-reporter=${join(cwd, REPORTER)}`,
    '--test-reporter-destination=stdout',
    ...files,
  ]);
  // In a process group of its own, so that everything it started can be ended with it.
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = [];
  const outcome = { files, pass: new Set(), fail: new Map(), skip: new Map(), overdue: false };
  const fail = (name, text, file) => {
    outcome.fail.set(name, file);
    console.log(`FAIL ${name}\n${indent(text)}`);
  };
  const take = (event) => {
    const name =
      event.file === undefined ? event.name : `${relative(cwd, event.file)}: ${relativeName(event, cwd)}`;
    if (event.kind === 'output') output.push(event.text);
    else if (event.kind === 'fail') fail(name, event.error, event.file);
    else if (event.kind === 'skip') outcome.skip.set(name, event.reason);
    else outcome.pass.add(name);
  };
  const timer = setTimeout(() => {
    outcome.overdue = true;
    killGroup(child.pid);
  }, timeoutMs);
  child.stderr.setEncoding('utf8').on('data', (text) => output.push(text));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = parseLine(line);
    if (event === undefined) output.push(`${line}\n`);
    else take(event);
  });
  const code = await new Promise((resolve) => {
    child.on('error', (error) => {
      output.push(`${error}\n`);
      resolve(undefined);
    });
    child.on('close', (status, signal) => resolve(status ?? signal));
  });
  clearTimeout(timer);
  const whole = files.join(' ');
  if (outcome.overdue) fail(whole, `did not end within ${timeoutMs / 1000} s`);
  else if (code !== 0 && outcome.fail.size === 0) fail(whole, `the test runner ended with ${code}`);
  if (outcome.overdue || code !== 0) console.log(indent(output.join('').slice(-8_000)));
  return { ...outcome, seconds: secondsSince(started) };
}

/** A file that fails as a whole is named by its path. */
function relativeName({ name, file }, cwd) {
  return name === file ? `the file as a whole (${relative(cwd, file)})` : name;
}

function parseLine(line) {
  if (!line.startsWith('{"')) return undefined;
  try {
    const event = JSON.parse(line);
    return typeof event.kind === 'string' ? event : undefined;
  } catch {
    return undefined;
  }
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Already gone.
  }
}

function indent(text) {
  return text.trimEnd().replace(/^/gm, '    ');
}
