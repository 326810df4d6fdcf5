import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { freshName, startSleeper } from '../fixtures/containers.ts';
import { busyboxImage } from '../fixtures/harness-busybox.ts';
import {
  rootArguments,
  runProgram,
  testEnvironment,
  testRoot,
  tspod,
  TSPOD,
  tspodOk,
} from '../fixtures/harness.ts';
import { isRoot, requires } from '../fixtures/requires.ts';

/** By the runtime itself; a user's files belong to ids that only the user namespace has. */
async function runByRuntime(bundle: string): Promise<string> {
  const name = freshName('bundle');
  const state = join(testRoot().base, 'runc-state');
  const runc = ['--root', state, 'run', '--bundle', bundle, name];
  const { code, stdout, stderr } = isRoot()
    ? await runProgram('runc', runc, { env: testEnvironment() })
    : await runProgram(TSPOD, [...rootArguments(testRoot()), 'unshare', 'runc', ...runc], {
        env: testEnvironment(),
      });
  assert.equal(code, 0, stderr);
  return stdout;
}

describe('export --bundle', { skip: requires('runc') }, () => {
  it('makes a directory that runc starts without tspod, wherever it is moved', async () => {
    const shared = join(testRoot().base, 'shared');
    mkdirSync(shared);
    writeFileSync(join(shared, 'file'), 'of the host');
    const name = freshName();
    const make = ['run', '--network', 'none', '--name', name, '--hostname', 'packed', '-e', 'GREETING=hello'];
    const script =
      'test -e /made && { hostname; cat /etc/hostname /made /shared/file; echo $GREETING; test -s /etc/hosts && echo hosts; } || echo made > /made';
    await tspodOk([...make, '-v', `${shared}:/shared`, await busyboxImage(), 'sh', '-c', script]);
    const bundle = join(testRoot().base, 'bundle');
    await tspodOk(['export', '--bundle', bundle, name]);
    await tspodOk(['rm', name]);
    const moved = join(testRoot().base, 'moved');
    renameSync(bundle, moved);
    assert.equal(await runByRuntime(moved), 'packed\npacked\nmade\nof the hosthello\nhosts\n');
    if (isRoot()) rmSync(moved, { recursive: true });
    else await tspodOk(['unshare', 'rm', '-rf', moved]);
  });

  it('refuses directories with something in them and containers that run or keep secrets', async () => {
    const name = await startSleeper();
    const target = join(testRoot().base, 'target');
    const running = await tspod(['export', '--bundle', target, name]);
    assert.equal(running.code, 125);
    assert.match(running.stderr, /as a bundle while it is running/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
    const stopped = await tspodOk(['create', await busyboxImage(), 'true']);
    const full = await tspod(['export', '--bundle', testRoot().base, stopped]);
    assert.match(full.stderr, /the directory is not empty/);
    await tspodOk(['rm', stopped]);
    assert.deepEqual(
      readdirSync(testRoot().base).filter((entry) => entry.endsWith('.tmp')),
      [],
    );
  });
});

describe('exec --no-session', () => {
  it('runs the command without a record of it', async () => {
    const name = await startSleeper();
    assert.equal((await tspod(['exec', '--no-session', name, 'sh', '-c', 'exit 7'])).code, 7);
    assert.equal(await tspodOk(['exec', '--no-session', name, 'echo', 'hello']), 'hello');
    await tspodOk(['exec', name, 'true']);
    const events = await tspodOk([
      'events',
      '--stream=false',
      '--filter',
      `container=${name}`,
      '--format',
      '{{.Status}}',
    ]);
    assert.equal(events.split('\n').filter((status) => status === 'exec').length, 1);
    const both = await tspod(['exec', '--no-session', '-d', name, 'true']);
    assert.match(both.stderr, /--no-session and --detach cannot be set together/);
    await tspodOk(['rm', '-f', '-t', '0', name]);
  });
});

describe('volume reload', () => {
  it('has no plugins to ask', async () => {
    assert.equal(await tspodOk(['volume', 'reload']), '');
  });
});
