import { NotFoundError, UsageError } from '../../../base/errors.ts';
import { descriptors, type TopReport, topContainer } from '../../../engine/container-top.ts';
import { type ContainerRecord, latestContainer, lookupPresent } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { CommandHandler } from '../../command.ts';
import { print, printLine } from '../../output/print.ts';
import { alignTabs, type TableStyle } from '../../output/table.ts';

export const run: CommandHandler = async (input, openEngine) => {
  const { args } = input;
  if (input.flags['listDescriptors'] === true) {
    printLine(descriptors().join('\n'));
    return 0;
  }
  const latest = input.flags['latest'] === true;
  const [name] = args;
  if (!latest && name === undefined)
    throw new UsageError('you must provide the name or id of a running container');
  const engine = openEngine();
  const record = latest || name === undefined ? latestContainer(engine.db) : await lookUp(engine, name);
  const words = latest ? args : args.slice(1);
  const report = await topContainer(engine, record, words.length === 0 && input.asDocker ? ['-ef'] : words);
  printTop(report, input.asDocker ? DOCKER_TOP : undefined);
  return 0;
};

/** As wide as docker's client makes them. */
const DOCKER_TOP: TableStyle = { narrowest: 20, gap: 3 };

export function printTop(report: TopReport, style?: TableStyle): void {
  if ('text' in report) print(report.text);
  else print(`${alignTabs(report.rows.map((cells) => cells.map(oneLine).join('\t')).join('\n'), style)}\n`);
}

async function lookUp(engine: Engine, name: string): Promise<ContainerRecord> {
  try {
    return await lookupPresent(engine, name);
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error;
    const message = `unable to look up requested container: ${error.message}`;
    throw new NotFoundError('container', name, {
      message,
      cause: error,
      docker: error.dockerMessage ?? error.message,
    });
  }
}

/** A process may name itself as it likes; it must not make lines or columns, nor speak to the terminal. */
function oneLine(cell: string): string {
  return cell.replace(/[\u0000-\u001f\u007f]/g, '?');
}
