import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { bestNode, TSPOD } from '../setup/checkout.mjs';
import { readCommand } from '../setup/run-command.mjs';
import { SetupError } from '../setup/tell.mjs';

export function findProgram(name) {
  const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  const path = folders.map((folder) => join(folder, name)).find((file) => existsSync(file));
  if (path === undefined) throw new SetupError(`${name} is not installed`);
  return path;
}

/** What a reader of the figures has to know. */
export function describeMachine(runtime) {
  const firstLine = (program, args) => readCommand(program, args).stdout.trim().split('\n')[0];
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux';
  return {
    date: new Date().toISOString().slice(0, 10),
    hardware: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${system}, Linux ${release()}`,
    versions: [
      firstLine(TSPOD, ['--version']),
      firstLine('podman', ['--version']),
      firstLine(runtime, ['--version']),
      `node ${firstLine(bestNode(), ['--version'])}`,
    ].join(', '),
  };
}
