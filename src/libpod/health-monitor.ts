import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.ts';
import { errnoOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { RELOAD_HEALTH, tellMonitor } from '../conmon/monitor-control.ts';
import { stringifyRuntimeJson } from '../oci/runtime-json.ts';
import { DEFAULT_HEALTH } from '../specgen/container-spec.ts';
import type { ContainerRecord } from './container.ts';
import { containerPaths } from './container-paths.ts';
import type { Libpod } from './context.ts';
import { execProcess } from './exec-process.ts';
import { hasHealthcheck, healthLogPath, keptHealthLog } from './health-record.ts';

/** Options that make the monitor check the health of its container; empty where there is nothing to check. */
export function healthArguments(libpod: Libpod, record: ContainerRecord): string[] {
  const { healthcheck: check, health = DEFAULT_HEALTH } = record.spec;
  if (!hasHealthcheck(check) || libpod.foreignMonitor) return [];
  const files = specFiles(libpod, record.id);
  const args = [
    ...['--health-spec', files.check, '--health-log', healthLogPath(libpod, record.id, record.spec)],
    ...['--health-interval', milliseconds(check.interval ?? 0)],
    ...['--health-timeout', milliseconds(check.timeout ?? 0)],
    ...['--health-retries', String(Math.min(Math.ceil(check.retries ?? 3), 0x7fffffff))],
    ...['--health-start-period', milliseconds(check.startPeriod ?? 0)],
    ...['--health-log-count', String(health.maxLogCount), '--health-log-size', String(health.maxLogSize)],
  ];
  if (check.startInterval !== undefined)
    args.push('--health-start-interval', milliseconds(check.startInterval));
  if (health.logDestination === 'events_logger') args.push('--health-events');
  const { startup } = health;
  if (startup !== undefined) {
    args.push('--health-startup-spec', files.startup);
    args.push('--health-startup-interval', milliseconds(startup.interval));
    args.push('--health-startup-timeout', milliseconds(startup.timeout));
    args.push('--health-startup-retries', String(startup.retries));
    args.push('--health-startup-success', String(Math.max(1, startup.success)));
  }
  const [, ...program] = libpod.cleanupCommand;
  for (const word of [...program, 'container', 'health-changed', record.id])
    args.push('--health-command-arg', word);
  return args;
}

/** The process documents that these options name. The bundle's config.json has to be there. */
export async function prepareHealthcheck(libpod: Libpod, record: ContainerRecord): Promise<void> {
  if (!hasHealthcheck(record.spec.healthcheck)) return;
  if (libpod.foreignMonitor) {
    log('warn', `container ${record.name} has a health check, which conmon cannot run`);
    return;
  }
  rmSync(keptHealthLog(libpod, record.id), { force: true });
  await writeSpecs(libpod, record);
}

/** A container that runs is checked by its new specification from now on. */
export async function reloadHealthcheck(libpod: Libpod, record: ContainerRecord): Promise<void> {
  if (libpod.foreignMonitor) return;
  const { bundle } = containerPaths(libpod.paths, record.id);
  await writeSpecs(libpod, record);
  const options = optionPairs(healthArguments(libpod, record)).flat();
  const text = options.map((word) => `${word}\0`).join('');
  writeFileAtomic(join(bundle.bundle, 'health-options'), text, { durable: false });
  if (!tellMonitor(bundle.control, RELOAD_HEALTH))
    log('warn', `the monitor of container ${record.name} cannot be told of its new health check`);
}

/** Names without dashes, and values; '1' for the one option that takes none. */
function optionPairs(words: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < words.length; ) {
    const name = (words[at] ?? '').slice(2);
    const isFlag = name === 'health-events';
    pairs.push([name, isFlag ? '1' : (words[at + 1] ?? '')]);
    at += isFlag ? 1 : 2;
  }
  return pairs;
}

async function writeSpecs(libpod: Libpod, record: ContainerRecord): Promise<void> {
  const { healthcheck: check, health } = record.spec;
  if (!hasHealthcheck(check)) return;
  const files = specFiles(libpod, record.id);
  await writeSpec(libpod, record, files.check, check.test);
  if (health?.startup !== undefined) await writeSpec(libpod, record, files.startup, health.startup.test);
}

/** Before the bundle is removed: what the last checks said may explain why the container has ended. */
export function keepHealthLog(libpod: Libpod, record: ContainerRecord): void {
  if (!hasHealthcheck(record.spec.healthcheck) || record.spec.autoRemove) return;
  try {
    copyFileSync(healthLogPath(libpod, record.id, record.spec), keptHealthLog(libpod, record.id));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function specFiles(libpod: Libpod, id: string): { check: string; startup: string } {
  const { bundle } = containerPaths(libpod.paths, id).bundle;
  return { check: join(bundle, 'health-process.json'), startup: join(bundle, 'health-startup-process.json') };
}

async function writeSpec(
  libpod: Libpod,
  record: ContainerRecord,
  path: string,
  test: readonly string[],
): Promise<void> {
  const [kind, ...words] = test;
  const command =
    kind === 'CMD' ? words : kind === 'CMD-SHELL' ? ['/bin/sh', '-c', words.join(' ')] : [...test];
  const process = await execProcess(libpod, record, {
    command,
    env: [],
    user: undefined,
    workdir: undefined,
    terminal: false,
    stdin: false,
    privileged: false,
    detached: true,
    consoleSize: undefined,
  });
  writeFileAtomic(path, stringifyRuntimeJson(process), { durable: false });
}

/** From nanoseconds; never 0 unless it is 0, never more than the monitor takes. */
function milliseconds(nanoseconds: number): string {
  if (nanoseconds <= 0) return '0';
  return String(Math.min(Math.max(1, Math.round(nanoseconds / 1e6)), 0x7fffffff));
}
