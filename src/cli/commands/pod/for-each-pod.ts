import { readFileSync, rmSync } from 'node:fs';
import { messageOf, NotFoundError, UsageError } from '../../../base/errors.ts';
import type { Engine } from '../../../engine/engine.ts';
import { getLatestPod, getPodByName, type PodRecord, settledPods } from '../../../engine/pods.ts';
import type { CommandInput } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import { printLine } from '../../output/print.ts';

export interface PodTask {
  /** Returns what went wrong with single containers. */
  work: (pod: PodRecord) => Promise<unknown[]>;
  /** podman prints the id after some commands, the name after others. */
  print: 'id' | 'name';
  ignoreMissing?: boolean;
  /** Files with ids are taken away after success. */
  removeIdFiles?: boolean;
  /** Also one whose row was damaged: it can still be ended and removed. */
  evenDamaged?: boolean;
}

/** Pods by name or id, --all, --latest, --pod-id-file; goes on after a failure. */
export async function forEachPod(engine: Engine, input: CommandInput, task: PodTask): Promise<number> {
  const { flags, args } = input;
  const files = Array.isArray(flags['podIdFile']) ? flags['podIdFile'] : [];
  const all = flags['all'] === true;
  const latest = flags['latest'] === true;
  const ways = [args.length > 0 || files.length > 0, all, latest].filter(Boolean).length;
  if (ways === 0) throw new UsageError('you must provide at least one name or id');
  if (ways > 1) throw new UsageError('--all, --latest and pods by name cannot be used together');
  const one = async (pod: PodRecord): Promise<void> => {
    const failures = await task.work(pod);
    if (failures.length > 0) throw new AggregateError(failures);
    printLine(task.print === 'id' ? pod.id : pod.name);
  };
  if (all) await forEachObject(await settledPods(engine), one);
  else if (latest) await one(await getLatestPod(engine));
  else
    await forEachObject(
      [...args.map((name) => ({ name })), ...files.map((file) => ({ file }))],
      async (each) => {
        const name = 'file' in each ? readIdFile(each.file) : each.name;
        const pod = await find(engine, name, task);
        if (pod !== undefined) await one(pod);
        if (task.removeIdFiles && 'file' in each) rmSync(each.file, { force: true });
      },
    );
  return 0;
}

async function find(engine: Engine, name: string, task: PodTask): Promise<PodRecord | undefined> {
  try {
    return await getPodByName(engine, name, { evenDamaged: task.evenDamaged });
  } catch (error) {
    if (error instanceof NotFoundError && task.ignoreMissing) return undefined;
    throw error;
  }
}

function readIdFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').split('\n')[0]?.trim() ?? '';
  } catch (error) {
    throw new UsageError(`cannot read pod id file ${path}: ${messageOf(error)}`, { cause: error });
  }
}
