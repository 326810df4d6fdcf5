import { blamingConf } from '../base/containers-conf-blame.ts';
import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { parseSize } from '../base/sizes.ts';
import type { LogAttributesSpec, LogSpec } from './container-spec.ts';
import type { CreateOptions } from './create-options.ts';
import { splitOnce } from './key-value.ts';
import { readLogAttribute } from './log-attributes.ts';
import { checkLogTag } from './log-tag.ts';
import type { SpecContext } from './spec-context.ts';

const DRIVERS = ['k8s-file', 'json-file', 'journald', 'none', 'passthrough', 'passthrough-tty'] as const;

/** Docker's tuning options: they change how its engine buffers, not what is logged. */
const WITHOUT_EFFECT = new Set(['mode', 'max-buffer-size', 'compress']);

export function logFromOptions(options: CreateOptions, context: SpecContext): LogSpec {
  const defaults = context.config.containers;
  const name =
    options.logDriver === undefined || options.logDriver === '' ? defaults.logDriver : options.logDriver;
  const driver = DRIVERS.find((known) => known === name);
  if (driver === undefined)
    throw new InvalidSpecError(`invalid log driver "${name}": must be one of ${DRIVERS.join(', ')}`);
  const log: LogSpec = {
    driver,
    maxSize: defaults.logSizeMax > 0 ? defaults.logSizeMax : -1,
    maxFiles: 1,
    tag: defaults.logTag === '' ? undefined : defaults.logTag,
    path: undefined,
    ...(defaults.logPath ? { directory: defaults.logPath } : {}),
  };
  const attributes: LogAttributesSpec = {};
  for (const text of options.logOpt ?? []) readLogOption(text, { log, attributes }, context.cwd);
  if (Object.keys(attributes).length > 0) log.attributes = attributes;
  const isTagged = (options.logOpt ?? []).some((text) => text.startsWith('tag='));
  if (isTagged && driver !== 'journald' && driver !== 'json-file')
    throw new InvalidSpecError(
      `--log-opt tag is not supported by log driver ${driver}: it has no place for it`,
    );
  const { tag } = log;
  if (isTagged && tag !== undefined) checkLogTag(tag);
  else if (tag !== undefined) blamingConf(context.config, 'containers.log_tag', () => checkLogTag(tag));
  return log;
}

function readLogOption(
  text: string,
  { log, attributes }: { log: LogSpec; attributes: LogAttributesSpec },
  cwd: string,
): void {
  const [key, value] = splitOnce(text, '=');
  if (value === undefined) throw new InvalidSpecError(`invalid --log-opt "${text}": must be key=value`);
  if (key === 'max-size') {
    const size = value === '-1' ? -1 : parseSize(value, '--log-opt max-size');
    log.maxSize = size === 0 ? -1 : size;
  } else if (key === 'max-file') {
    if (!/^\d{1,4}$/.test(value) || Number(value) < 1)
      throw new InvalidSpecError(`invalid --log-opt "${text}": must be a number from 1 on`);
    log.maxFiles = Number(value);
  } else if (key === 'tag') log.tag = value;
  else if (key === 'path') log.path = logFile(value, cwd);
  else if (!readLogAttribute(attributes, key, value) && !WITHOUT_EFFECT.has(key))
    throw new InvalidSpecError(`unknown log option "${key}" for ${log.driver}`);
}

/** Made by the monitor, which could tell of an error only at the start. */
function logFile(value: string, cwd: string): string {
  const path = resolve(cwd, value);
  const isDirectory = (name: string): boolean =>
    statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
  if (isDirectory(path))
    throw new InvalidSpecError(`invalid --log-opt path=${value}: it is a directory, and has to be a file`);
  if (!isDirectory(dirname(path)))
    throw new InvalidSpecError(`invalid --log-opt path=${value}: there is no directory ${dirname(path)}`);
  return path;
}
