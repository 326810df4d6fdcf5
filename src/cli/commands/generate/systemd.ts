import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { versionOfTspod } from '../../../base/build-info.ts';
import { UnsupportedError, UsageError } from '../../../base/errors.ts';
import { createCommandOf, generateService } from '../../../engine/generate-systemd.ts';

import type { CommandHandler } from '../../command.ts';
import { print, printLine } from '../../output/print.ts';
import { createdWords } from './created-words.ts';

const POLICIES = ['no', 'on-success', 'on-failure', 'on-abnormal', 'on-watchdog', 'on-abort', 'always'];

export const run: CommandHandler = async (input, openEngine) => {
  const { flags } = input;
  const engine = openEngine();
  const [container = ''] = input.args;
  const template = flags['template'] === true;
  if (template && flags['new'] !== true) throw new UsageError('--template cannot be set without --new');
  const format = flags['format'];
  if (format !== undefined && format !== '' && format !== 'json')
    throw new UsageError(`unknown format ${JSON.stringify(format)}: only json is known`);
  if (typeof flags['podPrefix'] === 'string' && flags['podPrefix'] !== 'pod')
    throw new UnsupportedError('--pod-prefix has no use here: units are made for containers');
  const created =
    flags['new'] === true ? createdWords(createCommandOf(engine, container), { template }) : undefined;
  const policy = flags['restartPolicy'] ?? created?.restart ?? 'on-failure';
  if (typeof policy !== 'string' || !POLICIES.includes(policy))
    throw new UsageError(
      `${JSON.stringify(policy)} is not a valid restart policy: choose from ${POLICIES.join(', ')}`,
    );
  const service = generateService(engine, container, {
    createWords: created?.words,
    after: unitNames(flags['after']),
    wants: unitNames(flags['wants']),
    requires: unitNames(flags['requires']),
    environment: list(flags['env']),
    containerPrefix: text(flags['containerPrefix']) ?? 'container',
    separator: text(flags['separator']) ?? '-',
    restartPolicy: policy,
    restartSec: seconds(flags['restartSec'], '--restart-sec'),
    startTimeout: seconds(flags['startTimeout'], '--start-timeout'),
    stopTimeout: seconds(flags['stopTimeout'] ?? flags['time'], '--stop-timeout'),
    template,
    header: flags['noHeader'] !== true,
    useName: flags['name'] === true,
    version: versionOfTspod(),
  });
  const file = `${service.name}.service`;
  if (flags['files'] !== true) {
    if (format === 'json') printLine(JSON.stringify({ [service.name]: service.text }, undefined, 2));
    else print(service.text);
    return 0;
  }
  const path = resolve(file);
  writeFileSync(path, service.text, { mode: 0o644 });
  printLine(format === 'json' ? JSON.stringify({ [service.name]: path }, undefined, 2) : path);
  return 0;
};

/** What lines of dependencies take: a name with a space or a line break in it would be several. */
function unitNames(value: unknown): string[] {
  const names = list(value);
  for (const name of names)
    if (!/^[\w:.\\@%-]+$/.test(name))
      throw new UsageError(`${JSON.stringify(name)} is not the name of a unit`);
  return names;
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function seconds(value: unknown, flag: string): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new UsageError(`${flag} must be a number of seconds that is not negative`);
}
