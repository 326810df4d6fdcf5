import { parseDuration } from '../../../base/durations.ts';
import { StorageError } from '../../../base/errors.ts';
import { type CheckFinding, systemCheck } from '../../../engine/system-check.ts';
import type { CommandHandler } from '../../command.ts';
import { printLine } from '../../output/print.ts';

const NANOS_PER_MILLI = 1e6;

export const run: CommandHandler = async ({ flags }, openEngine) => {
  const engine = openEngine();
  // As in podman, --force is a repair that may take more away.
  const force = flags['force'] === true;
  const repair = flags['repair'] === true || force;
  const options = {
    quick: flags['quick'] === true,
    maxLayerAge: parseDuration(String(flags['max']), '--max') / NANOS_PER_MILLI,
  };
  const findings = await systemCheck(engine, { ...options, repair, force });
  for (const finding of findings) printLine(describe(finding));
  if (findings.length === 0) return 0;
  if (!repair)
    throw new StorageError('damage detected in local storage', {
      hint: 'run `tspod system check --repair` to mend it',
    });
  const left = await systemCheck(engine, { ...options, repair: false, force: false });
  if (left.length === 0) return 0;
  const isNew = ({ name, problem }: CheckFinding): boolean =>
    !findings.some((finding) => finding.name === name && finding.problem === problem);
  for (const finding of left.filter(isNew)) printLine(describe(finding));
  throw new StorageError('damage in local storage still present after repair attempt');
};

function describe({ kind, name, problem, repaired }: CheckFinding): string {
  return `${repaired ? 'Repaired' : 'Damaged'} ${kind} ${name}: ${problem}`;
}
