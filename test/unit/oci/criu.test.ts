import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import {
  criuReason,
  findKernelObstacle,
  MIN_CRIU,
  parseCriuVersion,
  requireCriu,
  tracksMemory,
} from '../../../src/oci/criu.ts';

const directory = mkdtempSync(join(tmpdir(), 'tspod-criu-'));
const path = process.env['PATH'];
afterEach(() => {
  process.env['PATH'] = path;
});
after(() => rmSync(directory, { recursive: true }));

/** A criu that answers by a script of the shell. */
function criu(script: string): void {
  writeFileSync(join(directory, 'criu'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(directory, 'criu'), 0o755);
  process.env['PATH'] = `${directory}:${path}`;
}

test('versions are numbers as CRIU compares them', () => {
  assert.equal(parseCriuVersion('Version: 3.17.1\nGitID: v3.17.1\n'), 31_701);
  assert.equal(parseCriuVersion('Version: 4.1'), 40_100);
  assert.equal(parseCriuVersion('criu 3'), undefined);
});

test('a CRIU that is new enough is taken, an older one, a broken one and none are refused by cause', async () => {
  criu('echo Version: 3.17.1');
  assert.equal(await requireCriu(MIN_CRIU), 31_701);
  criu('echo Version: 3.10');
  await assert.rejects(requireCriu(MIN_CRIU), /requires at least CRIU 31100, current version is 31000/);
  criu('echo cannot load library >&2; exit 127');
  await assert.rejects(requireCriu(MIN_CRIU), /criu --version failed: cannot load library/);
  process.env['PATH'] = '/nowhere';
  await assert.rejects(requireCriu(MIN_CRIU), { name: 'UnsupportedError', message: /cannot run criu/ });
});

test('what the kernel lacks is told in the words of criu check', async () => {
  criu('echo "(00.000001) Warn  (criu/kerndat.c:1): old"; exit 0');
  assert.equal(await findKernelObstacle(), undefined);
  criu(
    'echo "Error (criu/cr-check.c:773): Dirty tracking is OFF. Memory snapshot will not work." >&2; exit 1',
  );
  assert.equal(
    await findKernelObstacle(),
    'Dirty tracking is OFF. Memory snapshot will not work. (criu/cr-check.c:773)',
  );
  criu('[ "$*" = "check --feature mem_dirty_track" ]');
  assert.equal(await tracksMemory(), true);
  criu('exit 1');
  assert.equal(await tracksMemory(), false);
});

test('the cause in a log is its first error, of whichever process', () => {
  const log = [
    '(00.000010) Version: 3.17.1',
    '(00.010000) Warn  (criu/x.c:1): Error is only a word here',
    "(00.033000) Error (criu/util.c:1533): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
    '(00.034118)      1: Error (criu/vdso.c:619): vdso: Unexpected vDSO symbols',
    '(00.034120) Error (criu/cr-dump.c:1743): Dumping failed.',
  ];
  assert.equal(criuReason(log.join('\n')), 'vdso: Unexpected vDSO symbols (criu/vdso.c:619)');
  assert.equal(
    criuReason('(00.1) pie: 12: Error (criu/pie/restorer.c:9): unable to remap'),
    'unable to remap (criu/pie/restorer.c:9)',
  );
  assert.equal(criuReason('(00.000010) all is well'), '');
});
