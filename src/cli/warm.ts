import { readdirSync, renameSync, writeFileSync } from 'node:fs';
import { messageOf } from '../base/errors.ts';
import { bytecodePath, openBundle, scripts, takeModule, takePackage } from './bundle-files.ts';
import { dispatch } from './dispatch.ts';
import { becomeWholeProgram, isQuickProgram } from './hand-over.ts';
import { printError, printLine } from './output/print.ts';

/**
 * The hidden `__warm`: the build runs it to keep the bytecode of what runs. `__warm command ARGUMENT…` runs a command line for real;
 * `__warm modules` runs every module of the bundle once, and fails when one does not load; `__warm check ARGUMENT…` runs a command
 * line and then tells of each file that it has loaded whether V8 has taken its bytecode.
 */
export async function warm(words: readonly string[]): Promise<number> {
  // The bytecode is that of Node.
  if (isQuickProgram()) becomeWholeProgram();
  const [what, ...line] = words;
  if (what === 'modules') return runModules();
  const code = await dispatch(line);
  if (what === 'check') return checkFiles();
  keepBytecode();
  return code;
}

function checkFiles(): number {
  const files = [...scripts].map(([file, script]) => ({
    file,
    isTaken: script.cachedDataRejected === false,
  }));
  for (const { file, isTaken } of files) printLine(`${file} ${isTaken ? 'taken' : 'not taken'}`);
  return files.every(({ isTaken }) => isTaken) ? 0 : 1;
}

/** Tells whether the bundle is complete. */
function runModules(): number {
  let failed = 0;
  const attempt = (take: () => unknown): void => {
    try {
      take();
    } catch (error) {
      failed += 1;
      printError(`warm: ${messageOf(error)}`);
    }
  };
  openBundle().forEach((open, group) => {
    open().forEach((_, index) => {
      attempt(() => takeModule(group, index));
    });
  });
  for (const name of packageNames()) attempt(() => takePackage(name));
  keepBytecode();
  return failed === 0 ? 0 : 1;
}

/** Puts the bytecode of all functions that have run in this process beside each file that it has loaded. */
function keepBytecode(): void {
  for (const [file, script] of scripts) {
    const path = bytecodePath(file);
    writeFileSync(`${path}.${process.pid}`, script.createCachedData(), { mode: 0o644 });
    renameSync(`${path}.${process.pid}`, path);
  }
}

/** Those beside the file of the modules; packages of an earlier build may lie there too. */
function packageNames(): string[] {
  const [build = ''] = /_\w+\.js$/.exec(import.meta.bundle?.file ?? '') ?? [];
  return readdirSync(import.meta.dirname)
    .filter((file) => file.startsWith('chunk-package_') && file.endsWith(build))
    .map((file) => file.slice('chunk-package_'.length, -build.length));
}
