import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bestNode, CHECKOUT } from '../setup/checkout.mjs';

const bin = (name) => join(CHECKOUT, 'node_modules/.bin', name);

const CHECKS = [
  { name: 'format', program: bin('biome'), args: ['format', '.'] },
  { name: 'lint', program: bin('biome'), args: ['lint', '--error-on-warnings', '.'] },
  { name: 'types', program: bin('tsc'), args: ['--noEmit', '-p', 'tsconfig.json'] },
];

/** The checks that need no test file; each counts as one. */
export function runChecks(tally) {
  for (const { name, program, args } of CHECKS) {
    const result = existsSync(program)
      ? spawnSync(program, args, { cwd: CHECKOUT, encoding: 'utf8' })
      : { status: 1, stdout: '', stderr: `${program} is missing` };
    if (result.status === 0) tally.pass();
    else {
      tally.fail('check', name);
      console.log(`${result.stdout}${result.stderr}`.trimEnd());
    }
    console.log(`-- ${name}: ${result.status === 0 ? 'passed' : 'failed'}`);
  }
  checkGeneratedFiles(tally);
}

/** Generates them anew and compares; what was out of date is right afterwards and only has to be committed. */
function checkGeneratedFiles(tally) {
  const before = readCompletions();
  const result = spawnSync(bestNode(), ['scripts/generate.mjs'], { cwd: CHECKOUT, encoding: 'utf8' });
  const changed = readCompletions() !== before;
  if (result.status === 0 && !changed) tally.pass();
  else {
    tally.fail('check', 'generated files');
    console.log(
      changed ? 'completions/ was out of date and has been written anew: commit it' : result.stderr.trimEnd(),
    );
  }
  console.log(`-- generated files: ${result.status === 0 && !changed ? 'passed' : 'failed'}`);
}

function readCompletions() {
  const folder = join(CHECKOUT, 'completions');
  if (!existsSync(folder)) return '';
  return readdirSync(folder)
    .sort()
    .map((name) => `${name}\n${readFileSync(join(folder, name), 'utf8')}`)
    .join('\n');
}
