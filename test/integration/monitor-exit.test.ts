import assert from 'node:assert/strict';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { syscalls } from '../../src/native/linux.ts';
import { type Container, makeFakeContainer } from '../fixtures/monitor/container.ts';
import { attach, fileContent, isAlive, startMonitor, until } from '../fixtures/monitor/monitor.ts';

function withExitCommand(container: Container, script: string): string[] {
  const words = ['--exit-command-arg', '-c', '--exit-command-arg', script];
  return [...container.args, '--exit-command', '/bin/sh', ...words];
}

test('the exit command runs after the exit file exists, without our descriptors', async () => {
  using container = makeFakeContainer('exit 5');
  const [exitFile, seen] = [
    join(container.directory, 'exits', container.id),
    join(container.directory, 'seen'),
  ];
  const script = `cat ${exitFile} >${seen}.new; ls /proc/$$/fd >>${seen}.new; mv ${seen}.new ${seen}`;
  startMonitor({ args: withExitCommand(container, script), pipes: ['SYNC', 'EXIT'] })
    .pipe('EXIT')
    .end();
  const [first = '', ...descriptors] = (await fileContent(seen)).trim().split('\n');
  assert.equal(first, '50');
  assert.deepEqual(
    descriptors.filter((fd) => Number(fd) < 10),
    ['1', '2'],
  );
});

test('the status of the exit command becomes that of the monitor when it fails', async () => {
  using container = makeFakeContainer('exit 0');
  const monitor = startMonitor({ args: [...withExitCommand(container, 'exit 33'), '--sync'] });
  assert.equal(await monitor.exited, 33);
});

test('an exit command that is killed leaves the status that of the container', async () => {
  for (const code of [0, 7]) {
    using container = makeFakeContainer(`exit ${code}`);
    const monitor = startMonitor({ args: [...withExitCommand(container, 'kill -TERM $$'), '--sync'] });
    assert.equal(await monitor.exited, code);
  }
});

test('an exit command that is killed is run again where that is asked for, one that was told to end is not', async () => {
  for (const [flags, signal, runs] of [
    [['--exit-retry'], 'KILL', 2],
    [['--exit-retry'], 'TERM', 1],
    [[], 'KILL', 1],
  ] as const) {
    using container = makeFakeContainer('exit 3');
    const log = join(container.directory, 'log');
    const script = `echo run >>${log}; [ $(wc -l <${log}) -gt 1 ] || kill -${signal} $$`;
    const monitor = startMonitor({ args: [...withExitCommand(container, script), ...flags, '--sync'] });
    assert.equal(await monitor.exited, 3);
    assert.equal(readFileSync(log, 'utf8'), 'run\n'.repeat(runs), signal);
  }
});

test('the call that follows the wait for a restart is repeated too when it is killed', async () => {
  using container = makeFakeContainer('exit 3');
  const log = join(container.directory, 'log');
  const script = `echo "$@" >>${log}; case $(wc -l <${log}) in 1) echo restart 10 4;; 2) kill -KILL $$;; esac`;
  const args = [...withExitCommand(container, script), '--exit-command-arg', 'name'];
  const monitor = startMonitor({ args: [...args, '--exit-retry', '--exit-restarts', '--sync'] });
  assert.equal(await monitor.exited, 3);
  assert.equal(readFileSync(log, 'utf8'), '\n--restart 4\n--restart 4\n');
});

test('the exit file is written to the persist directory as well', async () => {
  using container = makeFakeContainer('exit 6');
  const args = [...container.args, '--persist-dir', container.bundle, '--sync'];
  assert.equal(await startMonitor({ args }).exited, 6);
  assert.equal(readFileSync(join(container.bundle, 'exit'), 'utf8'), '6');
});

test('a client that answers the exit pipe does the clean-up instead of the exit command', async () => {
  using container = makeFakeContainer('exit 4');
  const mark = join(container.directory, 'mark');
  const monitor = startMonitor({
    args: [...withExitCommand(container, `touch ${mark}`), '--sync'],
    pipes: ['SYNC', 'EXIT'],
  });
  assert.equal(await monitor.line('EXIT'), '{"exit_code": 4}');
  assert.equal(await container.exitCode(), '4');
  assert.equal(existsSync(join(container.bundle, 'attach')), false);
  monitor.pipe('EXIT').write('c');
  assert.equal(await monitor.exited, 4);
  assert.equal(existsSync(mark), false);
});

test('any other answer on the exit pipe, or its end, leaves the clean-up to the exit command', async () => {
  for (const answer of ['n', undefined]) {
    using container = makeFakeContainer('exit 4');
    const mark = join(container.directory, 'mark');
    const monitor = startMonitor({
      args: [...withExitCommand(container, `touch ${mark}`), '--sync'],
      pipes: ['SYNC', 'EXIT'],
    });
    await monitor.line('EXIT');
    if (answer === undefined) monitor.pipe('EXIT').destroy();
    else monitor.pipe('EXIT').write(answer);
    assert.equal(await monitor.exited, 4);
    assert.ok(existsSync(mark));
  }
});

test('a client that has gone long ago leaves the clean-up to the exit command', async () => {
  using container = makeFakeContainer('read line; exit 4');
  const mark = join(container.directory, 'mark');
  const monitor = startMonitor({
    args: [...withExitCommand(container, `touch ${mark}`), '--stdin', '--sync'],
    pipes: ['SYNC', 'EXIT'],
  });
  await monitor.line('SYNC');
  monitor.pipe('EXIT').destroy();
  await attach(container.bundle, 'go\n');
  assert.equal(await monitor.exited, 4);
  assert.ok(existsSync(mark));
});

for (const keepsItsWord of [true, false]) {
  const title = keepsItsWord
    ? 'and does so, spares the exit command'
    : 'and dies, leaves it to the exit command';
  test(`who stops a container, promises to clean up ${title}`, async () => {
    using container = makeFakeContainer('read line; exit 4');
    const mark = join(container.directory, 'mark');
    const args = [...withExitCommand(container, `touch ${mark}`), '--stdin', '--sync'];
    const monitor = startMonitor({ args, pipes: ['SYNC'] });
    await monitor.line('SYNC');
    const path = join(container.bundle, 'stopper');
    const stopper = openSync(path, 'w+');
    assert.ok(syscalls().tryLock(stopper, 'exclusive'));
    await attach(container.bundle, 'go\n');
    assert.equal(await container.exitCode(), '4');
    // As the clean-up removes the whole bundle.
    rmSync(path);
    if (keepsItsWord) writeSync(stopper, 'c');
    assert.equal(existsSync(mark), false);
    closeSync(stopper);
    assert.equal(await monitor.exited, 4);
    assert.equal(existsSync(mark), !keepsItsWord);
  });
}

test('with --end-with-caller the end of the exit pipe kills the container', async () => {
  using container = makeFakeContainer('read line; exit 4');
  const mark = join(container.directory, 'mark');
  const monitor = startMonitor({
    args: [...withExitCommand(container, `touch ${mark}`), '--stdin', '--sync', '--end-with-caller'],
    pipes: ['SYNC', 'EXIT'],
  });
  await monitor.line('SYNC');
  monitor.pipe('EXIT').destroy();
  assert.equal(await container.exitCode(), '137');
  assert.equal(await monitor.exited, 137);
  assert.ok(existsSync(mark));
});

test('after a failed create the client may take the clean-up too', async () => {
  using container = makeFakeContainer('exit 0');
  const mark = join(container.directory, 'mark');
  const args = [...withExitCommand(container, `touch ${mark}`), '--sync', '--runtime', '/bin/false'];
  const monitor = startMonitor({ args, pipes: ['SYNC', 'EXIT'] });
  assert.equal(JSON.parse((await monitor.line('SYNC')) ?? '').data, -1);
  assert.equal(await monitor.line('EXIT'), '{"exit_code": -1}');
  monitor.pipe('EXIT').write('c');
  assert.equal(await monitor.exited, 1);
  assert.equal(existsSync(mark), false);
});

test('with --run the client attaches before there is output, and misses none of it', async () => {
  using container = makeFakeContainer('echo first; exit 0');
  const monitor = startMonitor({
    args: [...container.args, '--run', '--sync'],
    pipes: ['SYNC', 'START', 'ATTACH', 'EXIT'],
  });
  monitor.pipe('START').write('1');
  assert.equal(await monitor.line('ATTACH'), '{"data": 0}');
  assert.equal(existsSync(join(container.directory, 'pid')), false);
  const client = await attach(container.bundle);
  monitor.pipe('START').write('2');
  assert.ok(JSON.parse((await monitor.line('SYNC')) ?? '').data > 0);
  await monitor.line('EXIT');
  monitor.pipe('EXIT').write('c');
  await client.ended;
  assert.equal(client.stdout(), 'first\n');
});

test('with --run nothing is started when the client dies before it attached', async () => {
  using container = makeFakeContainer('touch started');
  const monitor = startMonitor({
    args: [...withExitCommand(container, `touch ${container.directory}/mark`), '--run', '--sync'],
    pipes: ['SYNC', 'START', 'ATTACH'],
  });
  monitor.pipe('START').write('1');
  await monitor.line('ATTACH');
  monitor.pipe('START').destroy();
  assert.deepEqual(JSON.parse((await monitor.line('SYNC')) ?? ''), {
    data: -1,
    message: 'the client has gone before the container was started\n',
  });
  assert.equal(await monitor.exited, 1);
  assert.equal(existsSync(join(container.directory, 'pid')), false);
  assert.ok(existsSync(join(container.directory, 'mark')));
});

test('with --run a client that gave the start up, and said so, leaves nothing for the exit command', async () => {
  using container = makeFakeContainer('touch started');
  const mark = join(container.directory, 'mark');
  const monitor = startMonitor({
    args: [...withExitCommand(container, `touch ${mark}`), '--run', '--sync'],
    pipes: ['SYNC', 'START', 'ATTACH', 'EXIT'],
  });
  monitor.pipe('START').write('1');
  await monitor.line('ATTACH');
  monitor.pipe('EXIT').end('c');
  monitor.pipe('START').destroy();
  assert.equal(await monitor.exited, 1);
  assert.equal(existsSync(join(container.directory, 'pid')), false);
  assert.equal(existsSync(mark), false);
});

test('with --run both bytes of the start pipe may be there before the first is read', async () => {
  using container = makeFakeContainer('exit 0');
  const monitor = startMonitor({
    args: [...container.args, '--run', '--sync'],
    pipes: ['SYNC', 'START', 'ATTACH'],
  });
  monitor.pipe('START').end('12');
  assert.ok(JSON.parse((await monitor.line('SYNC')) ?? '').data > 0);
});

test('descriptors parked by the caller are closed before the exit is announced', async () => {
  using container = makeFakeContainer('exit 0');
  const monitor = startMonitor({ args: container.args, pipes: ['SYNC', 'EXIT', 'START', 'ATTACH'] });
  monitor.pipe('START').write('x');
  await monitor.line('EXIT');
  // The pipe named ATTACH is not used without --run or --exec-attach: it is a stranger's descriptor.
  assert.equal(await monitor.line('ATTACH'), undefined);
  const pid = Number(await fileContent(join(container.directory, 'monitor-pid')));
  assert.ok(isAlive(pid));
  monitor.pipe('EXIT').write('c');
  await until(() => !isAlive(pid), 'the end of the monitor');
});
