import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDuration } from '../base/durations.ts';
import { InvalidSpecError } from '../base/errors.ts';
import type { HealthcheckConfig } from '../oci/image-spec.ts';
import type { HealthSpec, StartupCheck } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';

const SECOND = 1e9;

/** --health-* over the image's HEALTHCHECK. Undefined: there is none. An interval of 0 means: only on demand. */
export function healthcheckFromOptions(
  options: CreateOptions,
  image: HealthcheckConfig | undefined,
): HealthcheckConfig | undefined {
  if (options.noHealthcheck) {
    if (options.healthCmd !== undefined)
      throw new InvalidSpecError('cannot specify both --no-healthcheck and --health-cmd');
    return { test: ['NONE'] };
  }
  const test = options.healthCmd === undefined ? image?.test : parseHealthCommand(options.healthCmd);
  if (test === undefined || test.length === 0) return undefined;
  if (test[0] === 'NONE') return { test };
  const inherited = Object.entries(image ?? {}).filter(([, value]) => value !== 0);
  const check: HealthcheckConfig = {
    interval: 30 * SECOND,
    timeout: 30 * SECOND,
    retries: 3,
    ...Object.fromEntries(inherited),
    test,
  };
  const times = [
    ['interval', options.healthInterval, '--health-interval', 0],
    ['timeout', options.healthTimeout, '--health-timeout', SECOND],
    ['startPeriod', options.healthStartPeriod, '--health-start-period', 0],
    ['startInterval', options.healthStartInterval, '--health-start-interval', 0],
  ] as const;
  for (const [member, text, flag, least] of times) {
    if (text !== undefined) check[member] = parseTime(text, flag, least);
  }
  if (options.healthRetries !== undefined)
    check.retries = parseCount(options.healthRetries, '--health-retries', 1);
  return check;
}

/** A startup check stands in for another one, until it succeeds. */
export function refuseLoneStartup(
  health: HealthSpec | undefined,
  check: HealthcheckConfig | undefined,
): void {
  if (health?.startup !== undefined && (check === undefined || check.test[0] === 'NONE'))
    throw new InvalidSpecError(
      'cannot set a startup healthcheck when there is no regular healthcheck: invalid argument',
      { hint: 'give it one with --health-cmd' },
    );
}

/** What surrounds the check. Undefined: nothing that differs from the defaults. */
export function healthFromOptions(options: CreateOptions, cwd: string): HealthSpec | undefined {
  const startup = startupFromOptions(options);
  const onFailure = options.healthOnFailure ?? 'none';
  if (onFailure !== 'none' && onFailure !== 'kill' && onFailure !== 'restart' && onFailure !== 'stop')
    throw new InvalidSpecError(
      `invalid on-failure action "${onFailure}" for health check: supported values are none, kill, restart, stop`,
    );
  if (onFailure === 'restart' && options.restart !== undefined && !/^(no|never)?$/.test(options.restart))
    throw new InvalidSpecError('cannot set on-failure action to restart when --restart is set as well');
  const destination = options.healthLogDestination ?? 'local';
  const spec: HealthSpec = {
    onFailure,
    logDestination: logDirectory(destination, cwd),
    maxLogCount: parseCount(options.healthMaxLogCount ?? 5, '--health-max-log-count', 0),
    maxLogSize: parseCount(options.healthMaxLogSize ?? 500, '--health-max-log-size', 0),
    ...(startup === undefined ? {} : { startup }),
  };
  const given = [
    options.healthOnFailure,
    options.healthLogDestination,
    options.healthMaxLogCount,
    options.healthMaxLogSize,
    startup,
  ];
  return given.every((value) => value === undefined) ? undefined : spec;
}

function logDirectory(destination: string, cwd: string): string {
  if (destination === 'local' || destination === 'events_logger') return destination;
  const path = resolve(cwd, destination);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return path;
  throw new InvalidSpecError(
    `invalid --health-log-destination ${JSON.stringify(destination)}: there is no such directory`,
    { hint: 'choose local, events_logger, or a directory that exists' },
  );
}

function startupFromOptions(options: CreateOptions): StartupCheck | undefined {
  const { healthStartupCmd: command, healthStartupRetries: retries, healthStartupSuccess: success } = options;
  const rest = [options.healthStartupInterval, options.healthStartupTimeout, retries, success];
  if (command === undefined) {
    if (rest.some((value) => value !== undefined))
      throw new InvalidSpecError('must specify --health-startup-cmd with the other --health-startup flags');
    return undefined;
  }
  if (options.noHealthcheck)
    throw new InvalidSpecError('cannot specify both --no-healthcheck and --health-startup-cmd');
  const test = parseHealthCommand(command);
  if (test[0] === 'NONE') return undefined;
  return {
    test,
    interval: parseTime(options.healthStartupInterval ?? '30s', '--health-startup-interval', 0),
    timeout: parseTime(options.healthStartupTimeout ?? '30s', '--health-startup-timeout', SECOND),
    retries: parseCount(retries ?? 0, '--health-startup-retries', 0),
    success: parseCount(success ?? 0, '--health-startup-success', 0),
  };
}

/** Nanoseconds. `disable`: never by a timer, only by `healthcheck run`. */
function parseTime(text: string, flag: string, least: number): number {
  const value = flag.endsWith('interval') && text === 'disable' ? 0 : parseDuration(text, flag);
  if (value < 0) throw new InvalidSpecError(`${flag} must not be negative`);
  if (value < least) throw new InvalidSpecError(`${flag} must be at least 1 second`);
  return value;
}

function parseCount(value: number, flag: string, least: number): number {
  if (!Number.isSafeInteger(value) || value < least || value > 0x7fffffff)
    throw new InvalidSpecError(
      least > 0
        ? `${flag} must be greater than ${least - 1}`
        : `${flag} must be a number that is not negative`,
    );
  return value;
}

/** A JSON list is run as it is, anything else by the image's shell; `none` switches the check off. */
function parseHealthCommand(text: string): string[] {
  if (text === '') throw new InvalidSpecError('must define a healthcheck command for all healthchecks');
  if (text.toLowerCase() === 'none') return ['NONE'];
  const list = parseCommandList(text);
  if (list === undefined) return ['CMD-SHELL', text];
  const [first] = list;
  return first === 'CMD' || first === 'CMD-SHELL' || first === 'NONE' ? list : ['CMD', ...list];
}

/** A JSON list of strings, or undefined. */
export function parseCommandList(text: string): string[] | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}
