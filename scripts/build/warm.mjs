import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeTar } from '../setup/tar-writer.mjs';

/**
 * Keeps the bytecode of what commands run beside the files of the bundle: first by running the measured commands on a tiny image,
 * each in a process of its own (V8 throws bytecode away that it has not seen in use for a while), then by loading the rest. The launcher starts Node with
 * the flags that bytecode depends on; those of the service are others.
 */
export function keepBytecode(root) {
  const program = join(root, 'bin/tspod');
  const directory = mkdtempSync(join(tmpdir(), 'tspod-warm-'));
  try {
    writeFileSync(join(directory, 'image.tar'), tinyImage(root));
    const stores = [`--root=${directory}/root`, `--runroot=${directory}/run`];
    // Where containers do not run, less is kept.
    for (const line of commandLines(directory))
      spawnSync(program, ['__warm', 'command', ...stores, ...line], { stdio: 'ignore', timeout: 60_000 });
  } finally {
    // Directories of an image may be read-only; that stops everybody but root from emptying them.
    spawnSync('chmod', ['-R', 'u+rwX', directory]);
    rmSync(directory, { recursive: true, force: true });
  }
  for (const flags of [[], ['system', 'service']]) {
    const result = spawnSync(program, ['__warm', 'modules', ...flags], { encoding: 'utf8' });
    process.stderr.write(result.stderr ?? '');
    if (result.status !== 0)
      throw new Error(
        `the built program does not load: ${result.error?.message ?? `status ${result.status}`}`,
      );
  }
}

const RUN = ['run', '--network', 'none', '--pull', 'never'];
const PROGRAM = ['localhost/warm', '/program', '--version'];

function commandLines(directory) {
  return [
    ['import', `${directory}/image.tar`, 'localhost/warm'],
    [...RUN, '--rm', '-e', 'A=b', ...PROGRAM],
    [...RUN, '-d', '--name', 'warm', ...PROGRAM],
    ['wait', 'warm'],
    ['start', 'warm'],
    [...RUN, '-d', '--name', 'up', 'localhost/warm', '/pause'],
    ['exec', 'up', '/program', '--version'],
    ['stats', '--no-stream', 'up'],
    ['inspect', 'up'],
    ['ps', '-a'],
    ['ps', '-aq', '--filter', 'name=warm', '--format', '{{.Names}}'],
    ['inspect', '--format', '{{.State.Status}}', 'warm'],
    ['logs', 'warm'],
    ['stop', 'up'],
    ['images'],
    ['rm', '-f', 'warm', 'up'],
    ['system', 'reset', '--force'],
  ];
}

/** A static program is all that an image needs. By its second name it waits until it is told to end. */
function tinyImage(root) {
  const data = readFileSync(join(root, 'bin/tspod-monitor'));
  return writeTar(['program', 'pause'].map((path) => ({ path, type: 'file', mode: 0o755, data })));
}
