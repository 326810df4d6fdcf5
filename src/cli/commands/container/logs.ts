import { UsageError } from '../../../base/errors.ts';
import { parseEnd, parsePastTime } from '../../../base/past-time.ts';
import {
  checkReadable,
  logDetails,
  type LogsOptions,
  parseLogTime,
  readContainerLogs,
} from '../../../engine/container-logs.ts';
import { type ContainerRecord, latestContainer, lookupPresent } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import type { FlagValue } from '../../flag.ts';
import { createLogPrinter } from './log-printer.ts';

const SHORT_ID = 12;

export const run: CommandHandler = async (input, openEngine) => {
  const { flags, asDocker } = input;
  const options: LogsOptions = {
    follow: flags['follow'] === true,
    tail: tailFrom(flags['tail'], asDocker),
    since: timeFrom(flags['since'], '--since', parsePastTime),
    until: timeFrom(flags['until'], '--until', asDocker ? parsePastTime : parseEnd),
  };
  const engine = openEngine();
  const records = await selectRecords(engine, input);
  for (const record of records) checkReadable(record);
  const printer = createLogPrinter({
    timestamps: flags['timestamps'] === true,
    color: flags['color'] === true,
  });
  const read = async (record: ContainerRecord, index: number): Promise<void> => {
    const label = flags['names'] === true ? record.name : record.id.slice(0, SHORT_ID);
    const prefix = records.length > 1 ? `${label} ` : '';
    const before = flags['details'] === true ? logDetails(record.spec, record.id) : '';
    await readContainerLogs(engine, record, options, printer.consumer({ prefix, details: before }, index));
  };
  if (options.follow) await Promise.all(records.map(read));
  else for (const [index, record] of records.entries()) await read(record, index);
  return 0;
};

async function selectRecords(engine: Engine, { args, flags }: CommandInput): Promise<ContainerRecord[]> {
  if (flags['latest'] === true) {
    if (args.length > 0) throw new UsageError('--latest and containers cannot be used together');
    return [latestContainer(engine.db)];
  }
  if (args.length === 0) throw new UsageError('specify at least one container name or ID to log');
  return await Promise.all(args.map((name) => lookupPresent(engine, name)));
}

/** docker's `all`, and every negative number: all lines. To docker what is no number is that too. */
function tailFrom(value: FlagValue, asDocker: boolean): number | undefined {
  if (typeof value !== 'string' || value === 'all') return undefined;
  if (!/^[+-]?\d{1,15}$/.test(value)) {
    if (asDocker) return undefined;
    throw new UsageError(
      `invalid argument ${JSON.stringify(value)} for "--tail" flag: strconv.ParseInt: parsing ${JSON.stringify(value)}: invalid syntax`,
    );
  }
  const count = Number(value);
  return count < 0 ? undefined : count;
}

function timeFrom(value: FlagValue, flag: string, parse: typeof parsePastTime): number | undefined {
  return typeof value === 'string' && value !== '' ? parseLogTime(value, flag, parse) : undefined;
}
