import { InvalidSpecError } from '../base/errors.ts';
import type { ProcessSpec } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';
import { splitOnce } from './key-value.ts';
import type { SpecContext } from './spec-context.ts';

type Rlimit = ProcessSpec['rlimits'][number];

const TYPES = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
  'rss',
  'rtprio',
  'rttime',
  'sigpending',
  'stack',
];

/** What the kernel allows at most on a stock host; lowered at init to what this process may set. */
const DEFAULTS: readonly Rlimit[] = [
  { type: 'RLIMIT_NOFILE', soft: 1_048_576, hard: 1_048_576 },
  { type: 'RLIMIT_NPROC', soft: 4_194_304, hard: 4_194_304 },
];

/** One that nobody asked for. */
export function isUsualLimit(limit: Rlimit): boolean {
  return DEFAULTS.some((usual) => usual.type === limit.type && usual.hard === limit.hard);
}

/** `--ulimit host` alone: nothing is set, the container inherits this process's limits. */
export function ulimitsFromOptions(options: CreateOptions, context: SpecContext): Rlimit[] {
  const flags = options.ulimit?.length ? options.ulimit : context.config.containers.defaultUlimits;
  if (flags.includes('host')) {
    if (flags.length > 1) throw new InvalidSpecError('ulimit can use host as the only value');
    return [];
  }
  const limits = new Map<string, Rlimit>();
  // A container without privileges over the host cannot raise what its user has: there nothing is a better default.
  if (!context.rootless) for (const limit of DEFAULTS) limits.set(limit.type, limit);
  for (const flag of flags) {
    const limit = parseUlimit(flag);
    limits.set(limit.type, limit);
  }
  return [...limits.values()];
}

/** Those of a container that exists, some of them replaced. */
export function mergedUlimits(old: readonly Rlimit[], flags: readonly string[]): Rlimit[] {
  const limits = new Map(old.map((limit) => [limit.type, limit]));
  for (const limit of flags.map(parseUlimit)) limits.set(limit.type, limit);
  return [...limits.values()];
}

/** `nofile=1024`, `nofile=1024:4096`, `core=-1`, `core=unlimited` */
function parseUlimit(text: string): Rlimit {
  const [name, value] = splitOnce(text, '=');
  const fail = (reason: string) =>
    new InvalidSpecError(`ulimit option "${text}" requires name=SOFT:HARD, failed to be parsed: ${reason}`);
  if (value === undefined || value === '') throw fail('no value');
  const type = name.toLowerCase().replace(/^rlimit_/, '');
  if (!TYPES.includes(type)) throw fail(`invalid ulimit type: ${name}`);
  const [softText, hardText, ...more] = value.split(':');
  if (more.length > 0) throw fail('too many values');
  const number = (part: string | undefined): number => {
    if (part === '-1' || part === 'unlimited') return -1;
    if (part === undefined || !/^\d+$/.test(part) || !Number.isSafeInteger(Number(part)))
      throw fail(`"${part}" is not a number`);
    return Number(part);
  };
  const soft = number(softText);
  const hard = hardText === undefined ? soft : number(hardText);
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw fail(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  return { type: `RLIMIT_${type.toUpperCase()}`, soft, hard };
}
