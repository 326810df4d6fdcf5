import { parseDuration } from '../../../base/durations.ts';
import { NotFoundError, UsageError } from '../../../base/errors.ts';
import { type ContainerRecord, latestContainer, lookupPresent } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import { watchStoppedMonitor } from '../../../engine/stopped-monitor.ts';
import { checkConditions, waitForCondition, type WaitOptions } from '../../../engine/wait-for-condition.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import type { FlagValue } from '../../flag.ts';
import { forEachObject } from '../../each-object.ts';
import { printError, printLine } from '../../output/print.ts';

const MISSING = -1;
const SHORTEST_INTERVAL_MS = 1;

export const run: CommandHandler = async (input, openEngine) => {
  const { flags } = input;
  const options: WaitOptions = {
    conditions: Array.isArray(flags['condition']) ? flags['condition'] : [],
    interval: intervalFrom(flags['interval']),
  };
  checkConditions(options.conditions);
  const engine = openEngine();
  const records = await selectRecords(engine, input);
  const wait = async (record: ContainerRecord | undefined): Promise<number> => {
    if (record === undefined) return MISSING;
    const unwatch = watchStoppedMonitor(record, (message) => printError(`Warning: ${message}`));
    return await waitForCondition(engine, record, options).finally(unwatch);
  };
  if (flags['exitFirstMatch'] === true) {
    printLine(String(await Promise.race(records.map(wait))));
    return 0;
  }
  await forEachObject(records, async (record) => printLine(String(await wait(record))));
  return 0;
};

/** Undefined stands for one that is not there, which --ignore allows. */
async function selectRecords(
  engine: Engine,
  { args, flags }: CommandInput,
): Promise<(ContainerRecord | undefined)[]> {
  if (flags['latest'] === true) {
    if (args.length > 0) throw new UsageError('--latest and containers cannot be used together');
    return [latestContainer(engine.db)];
  }
  if (args.length === 0) throw new UsageError('"tspod wait" requires a name, id, or the "--latest" flag');
  const lookUp = async (name: string): Promise<ContainerRecord | undefined> => {
    try {
      return await lookupPresent(engine, name);
    } catch (error) {
      if (flags['ignore'] === true && error instanceof NotFoundError) return undefined;
      throw error;
    }
  };
  return await Promise.all(args.map(lookUp));
}

/** A number without unit is milliseconds. */
function intervalFrom(value: FlagValue): number {
  const text = typeof value === 'string' ? value : '250ms';
  const nanoseconds = parseDuration(/^\d+(\.\d+)?$/.test(text) ? `${text}ms` : text, '--interval');
  return Math.max(SHORTEST_INTERVAL_MS, nanoseconds / 1e6);
}
