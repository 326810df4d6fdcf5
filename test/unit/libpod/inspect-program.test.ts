import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { inspectProgram, type WantedProgram } from '../../../src/libpod/inspect-program.ts';
import { ociArchitecture } from '../../../src/libpod/host-facts.ts';
import { FOREIGN_MACHINE, OWN_MACHINE, tinyElf } from '../../fixtures/tiny-elf.ts';

let root = '';
const noexec = new Set<string>();
const paths = new Map<number, string>();
const view = {
  locate(path: string) {
    const fd = openSync(join(root, path), 0o10000000);
    paths.set(fd, path);
    return fd;
  },
  mountOptions: (fd: number) => (noexec.has(paths.get(fd) ?? '') ? ['rw', 'noexec'] : ['rw']),
};

const inspect = (command: string, more: Partial<WantedProgram> = {}) =>
  inspectProgram(view, {
    command,
    path: '/none:/bin:/sbin',
    workdir: '/',
    user: { uid: 0, gid: 0 },
    architecture: ociArchitecture(),
    makesWorkdir: false,
    ...more,
  });

function add(path: string, content: string | Buffer, mode = 0o755): void {
  writeFileSync(join(root, path), content);
  chmodSync(join(root, path), mode);
}

before(() => {
  root = mkdtempSync(join(tmpdir(), 'inspect-program-'));
  for (const name of ['bin', 'sbin', 'closed', 'lib']) mkdirSync(join(root, name), { mode: 0o755 });
  add('bin/fine', tinyElf(OWN_MACHINE, undefined));
  add('bin/linked', tinyElf(OWN_MACHINE, '/lib/loader'));
  add('lib/loader', tinyElf(OWN_MACHINE, undefined));
  add('bin/unlinked', tinyElf(OWN_MACHINE, '/lib/gone'));
  add('bin/foreign', tinyElf(FOREIGN_MACHINE, undefined));
  add('bin/by-foreign', '#!/bin/foreign\n');
  add('bin/circle', '#!/bin/circle\n');
  add('bin/dos', '#!/bin/fine\r\n');
  add('bin/plain', 'echo\n');
  add('bin/mode', 'x', 0o644);
  add('sbin/mode', tinyElf(OWN_MACHINE, undefined));
  add('closed/program', tinyElf(OWN_MACHINE, undefined));
  chmodSync(join(root, 'closed'), 0o700);
});

after(() => rmSync(root, { recursive: true }));

describe('a look at a program', () => {
  it('finds nothing wrong with what can be executed', () => {
    for (const command of ['fine', '/bin/fine', 'bin/fine', '/bin/linked'])
      assert.equal(inspect(command), undefined, command);
    assert.equal(inspect('fine', { workdir: '/made/by/the/runtime', makesWorkdir: true }), undefined);
  });

  it('goes on along PATH after a file that is not executable, as a shell does', () => {
    assert.equal(inspect('mode'), undefined);
    assert.match(inspect('mode', { path: '/bin' })?.cause ?? '', /\/bin\/mode is not executable.*0644/);
  });

  const found: readonly [string, string, RegExp][] = [
    ['gone', 'not-found', /none of the directories of PATH \(\/none:\/bin:\/sbin\)/],
    ['/bin/gone', 'not-found', /no \/bin\/gone/],
    ['/bin/fine/gone', 'not-found', /part of .* not a directory/],
    ['/bin', 'not-invokable', /is a directory/],
    ['unlinked', 'not-found', /loader .*\/lib\/gone/],
    ['foreign', 'not-invokable', /program for (amd64|arm64), this host is/],
    ['by-foreign', 'not-invokable', /interpreter of \/bin\/by-foreign .*\/bin\/foreign is a program for/],
    ['circle', 'not-invokable', /itself a script/],
    ['dos', 'not-found', /carriage return/],
    ['plain', 'not-invokable', /#! line/],
  ];
  for (const [command, exit, cause] of found)
    it(`finds out about ${command}: ${cause.source}`, () => {
      const finding = inspect(command);
      assert.equal(finding?.exit, exit);
      assert.match(finding.cause, cause);
    });

  it('knows the words of a whole command line when it sees one', () => {
    assert.match(inspect('echo hello')?.hint ?? '', /sh -c/);
  });

  it('names the platform of a foreign image', () => {
    const { cause } = inspect('foreign', { foreignPlatform: 'linux/s390x' }) ?? {};
    assert.match(cause ?? '', /the image is for linux\/s390x/);
  });

  it('sees mounts without programs', () => {
    noexec.add('/bin/fine');
    assert.match(inspect('/bin/fine')?.cause ?? '', /noexec/);
    noexec.clear();
  });

  it('heeds the rights of the user, unless ids cannot be compared', () => {
    const user = { uid: 4_000_000, gid: 4_000_000 };
    assert.match(inspect('/closed/program', { user })?.cause ?? '', /directory \/closed is closed/);
    assert.equal(inspect('/closed/program', { user: undefined }), undefined);
    chmodSync(join(root, 'closed/program'), 0o700);
    assert.match(inspect('/closed/program', { user })?.cause ?? '', /4000000:4000000 may not execute/);
  });

  it('looks at the working directory first', () => {
    assert.match(inspect('fine', { workdir: '/none' })?.cause ?? '', /working directory \/none is not in/);
    assert.match(inspect('fine', { workdir: '/bin/fine' })?.cause ?? '', /not a directory/);
    assert.match(
      inspect('fine', { workdir: '/bin/fine/x', makesWorkdir: true })?.cause ?? '',
      /not a directory/,
    );
  });
});
