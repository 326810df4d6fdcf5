import { UsageError } from '../../../base/errors.ts';
import { reachablePorts } from '../../../engine/container-ports.ts';
import {
  type ContainerRecord,
  latestContainer,
  listContainers,
  lookupContainer,
} from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import type { PortMapping } from '../../../specgen/container-spec.ts';
import type { CommandHandler, CommandInput } from '../../command.ts';
import { printLine } from '../../output/print.ts';

const SHORT_ID = 12;
const HIGHEST_PORT = 65_535;

/** As in podman only a running container has ports, and one that has none is passed over without a word, unless docker is asked for one. */
export const run: CommandHandler = async (input, openEngine) => {
  const engine = openEngine();
  const { records, wanted } = selection(engine, input);
  const all = input.flags['all'] === true;
  for (const record of records) {
    const ports = reachablePorts(engine, record);
    if (ports.length === 0 && !(input.asDocker && wanted !== undefined)) continue;
    if (wanted === undefined) printAll(ports, all ? `${record.id.slice(0, SHORT_ID)}\t` : '');
    else printOne(record, ports, wanted);
  }
  return 0;
};

interface WantedPort {
  text: string;
  port: number;
  protocol: string;
}

function selection(
  engine: Engine,
  { args, flags }: CommandInput,
): { records: ContainerRecord[]; wanted: WantedPort | undefined } {
  const latest = flags['latest'] === true;
  if (flags['all'] === true) {
    if (latest) throw new UsageError('--all and --latest cannot be used together');
    if (args.length > 0) throw new UsageError('no arguments are needed with --all');
    return { records: listContainers(engine.db), wanted: undefined };
  }
  const [name, port] = latest ? [undefined, args[0]] : args;
  if (latest && args.length > 1) throw new UsageError('--latest and containers cannot be used together');
  if (!latest && name === undefined) throw new UsageError('you must supply a running container name or id');
  const wanted = port === undefined ? undefined : parseWanted(port);
  const record = name === undefined ? latestContainer(engine.db) : lookupContainer(engine.db, name);
  return { records: [record], wanted };
}

function parseWanted(text: string): WantedPort {
  const [port = '', protocol = 'tcp', ...more] = text.split('/');
  if (more.length > 0) throw new UsageError(`port formats are port/protocol. '${text}' is invalid`);
  if (!/^\d+$/.test(port)) {
    throw new UsageError(`strconv.ParseUint: parsing ${JSON.stringify(port)}: invalid syntax`);
  }
  if (Number(port) > HIGHEST_PORT) {
    throw new UsageError(`strconv.ParseUint: parsing ${JSON.stringify(port)}: value out of range`);
  }
  return { text, port: Number(port), protocol };
}

function printAll(ports: readonly PortMapping[], prefix: string): void {
  for (const mapping of ports) {
    for (let step = 0; step < mapping.range; step++) {
      printLine(`${prefix}${mapping.containerPort + step}/${mapping.protocol} -> ${hostSide(mapping, step)}`);
    }
  }
}

function printOne(record: ContainerRecord, ports: readonly PortMapping[], wanted: WantedPort): void {
  const found = ports.find(
    ({ protocol, containerPort, range }) =>
      protocol === wanted.protocol && containerPort <= wanted.port && wanted.port < containerPort + range,
  );
  if (found === undefined)
    throw new UsageError(`failed to find published port ${JSON.stringify(wanted.text)}`, {
      docker: `No public port '${wanted.text}' published for ${record.name}`,
    });
  printLine(hostSide(found, wanted.port - found.containerPort));
}

function hostSide({ hostIp, hostPort }: PortMapping, step: number): string {
  const address = hostIp === '' ? '0.0.0.0' : hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return `${address}:${hostPort + step}`;
}
