import { spawn } from 'node:child_process';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';

/** Below the working directory, which is the copy of the tree where this one cannot be read. */
const REPORTER = 'scripts/test/reporter.mjs';
const TEST_TIMEOUT_MS = 600_000;

/**
 * Runs test files, each batch in a process of its own, a few at the same time, and counts what happened.
 * options: { phase, tally, node, cwd, env, wrap: (command) => command, batches: string[][], parallel, timeoutMs, testTimeoutMs }
 */
export async function runFiles(options) {
  const { phase, batches, parallel = 2 } = options;
  if (batches.length === 0) return;
  const started = performance.now();
  const counts = { pass: 0, fail: 0, skip: 0 };
  const queue = [...batches];
  const worker = async () => {
    for (let batch = queue.shift(); batch !== undefined; batch = queue.shift())
      await runBatch(batch, options, counts);
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `-- ${phase}: ${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped in ${seconds} s`,
  );
}

async function runBatch(files, options, counts) {
  const { phase, tally, node, cwd, env, wrap = (command) => command } = options;
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
  const fail = (name, text) => {
    counts.fail += 1;
    tally.fail(phase, name);
    console.log(`FAIL ${name}\n${indent(text)}`);
  };
  let failures = 0;
  const take = (event) => {
    const name =
      event.file === undefined ? event.name : `${relative(cwd, event.file)}: ${relativeName(event, cwd)}`;
    if (event.kind === 'output') output.push(event.text);
    else if (event.kind === 'fail') {
      failures += 1;
      fail(name, event.error);
    } else if (event.kind === 'skip') {
      counts.skip += 1;
      tally.skip(phase, name, event.reason);
    } else {
      counts.pass += 1;
      tally.pass();
    }
  };
  let overdue = false;
  const timer = setTimeout(() => {
    overdue = true;
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
    child.on('close', (status) => resolve(status ?? undefined));
  });
  clearTimeout(timer);
  if (overdue)
    fail(files.map((file) => relative(cwd, file)).join(' '), `did not end within ${timeoutMs / 1000} s`);
  else if (code !== 0 && failures === 0)
    fail(files.map((file) => relative(cwd, file)).join(' '), `the test runner ended with ${code}`);
  if (overdue || code !== 0) console.log(indent(output.join('').slice(-8_000)));
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
