import { messageOf } from '../base/errors.ts';
import { isBytecodeTaken, keepBytecode, listBundleFiles, loadBundleFile } from './bundle-files.ts';
import { dispatch } from './dispatch.ts';
import { printError, printLine } from './output/print.ts';

/**
 * The hidden `__warm`: the build runs it to keep the bytecode of what runs. `__warm command ARGUMENT…` runs a command line for real;
 * `__warm modules` runs every module of the bundle once, and fails when one does not load; `__warm check` tells of each file
 * whether V8 has taken its bytecode.
 */
export async function warm(words: readonly string[]): Promise<number> {
  const [what, ...line] = words;
  if (what === 'check') return checkFiles();
  const code = what === 'command' ? await dispatch(line) : runModules();
  keepBytecode();
  return code;
}

function checkFiles(): number {
  const words = listBundleFiles().map((file) => [
    file,
    isBytecodeTaken(file) === true ? 'taken' : 'not taken',
  ]);
  for (const [file, word] of words) printLine(`${file} ${word}`);
  return words.every(([, word]) => word === 'taken') ? 0 : 1;
}

function runModules(): number {
  let failed = 0;
  for (const file of listBundleFiles()) {
    for (const [name, load] of Object.entries(loadBundleFile(file).modules ?? {})) {
      try {
        load();
      } catch (error) {
        failed += 1;
        printError(`warm: ${name}: ${messageOf(error)}`);
      }
    }
  }
  return failed === 0 ? 0 : 1;
}
