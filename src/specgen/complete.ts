import { InvalidSpecError } from '../base/errors.ts';
import type { ProcessSpec } from './container-spec.ts';
import type { CreateRequest } from './create-options.ts';
import { envFromOptions } from './env.ts';
import { parseCommandList } from './healthcheck.ts';
import { keepsGroups } from './labels.ts';
import type { SpecContext } from './spec-context.ts';
import { ulimitsFromOptions } from './ulimits.ts';

/** The process, from the request where it says something, else from the image, else from the configuration. */
export function completeProcess(request: CreateRequest, context: SpecContext): ProcessSpec {
  const { options } = request;
  const image = context.image?.config.config;
  const makesWorkdir = context.makeWorkdir === true || request.extras?.makeWorkdir === true;
  const entrypoint =
    options.entrypoint === undefined ? (image?.entrypoint ?? []) : parseEntrypoint(options.entrypoint);
  // The image's CMD are arguments for the image's ENTRYPOINT: another entry point does not get them.
  const inherited = options.entrypoint === undefined ? (image?.cmd ?? []) : [];
  const command = request.command.length > 0 ? request.command : inherited;
  const args = [...entrypoint, ...command];
  if (args.length === 0)
    throw new InvalidSpecError('no command or entrypoint provided, and no CMD or ENTRYPOINT from image');
  const hostUsers = context.userns?.hostUsers ?? context.hostUsers ?? [];
  const withNul = args.find((text) => text.includes('\0'));
  if (withNul !== undefined) throw new InvalidSpecError('the command contains a NUL character');
  return {
    entrypoint,
    command,
    args,
    env: envFromOptions(options, context),
    user: options.user ?? (image?.user || (context.userns?.defaultUser ?? '')),
    groupAdd: keepsGroups(options) ? [] : (options.groupAdd ?? []),
    workdir: workdir(options.workdir ?? image?.workingDir),
    ...(options.workdir && !makesWorkdir ? { workdirExists: true as const } : {}),
    terminal: options.tty ?? false,
    stdin: options.interactive ?? false,
    ...(request.extras?.keepStdin === true ? { keepStdin: true } : {}),
    ...(request.extras?.attached === undefined ? {} : { attached: request.extras.attached }),
    ...(request.extras?.consoleSize === undefined ? {} : { consoleSize: request.extras.consoleSize }),
    rlimits: ulimitsFromOptions(options, context),
    passwd: options.passwd ?? true,
    ...(options.passwdEntry === undefined ? {} : { passwdEntry: options.passwdEntry }),
    ...(options.groupEntry === undefined ? {} : { groupEntry: options.groupEntry }),
    ...(hostUsers.length === 0 ? {} : { hostUsers }),
    umask: parseUmask(options.umask ?? context.config.containers.umask),
    oomScoreAdj: oomScoreAdj(options.oomScoreAdj ?? context.config.containers.oomScoreAdj),
  };
}

/** A JSON list, or one program; '' removes the image's. */
function parseEntrypoint(text: string): string[] {
  if (text === '') return [];
  return parseCommandList(text) ?? [text];
}

function workdir(path: string | undefined): string {
  if (path === undefined || path === '') return '/';
  if (!path.startsWith('/'))
    throw new InvalidSpecError(`the working directory "${path}" is invalid, it needs to be an absolute path`);
  if (path.includes('\0')) throw new InvalidSpecError('the working directory has a NUL character');
  return path;
}

function parseUmask(text: string): number | undefined {
  if (text === '') return undefined;
  if (!/^0?[0-7]{1,4}$/.test(text) || Number.parseInt(text, 8) > 0o777)
    throw new InvalidSpecError(`invalid umask ${text}: must be an octal number of at most three digits`);
  return Number.parseInt(text, 8);
}

function oomScoreAdj(value: number | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!Number.isInteger(value) || value < -1000 || value > 1000)
    throw new InvalidSpecError(`invalid --oom-score-adj ${value}: must be from -1000 to 1000`);
  return value;
}
