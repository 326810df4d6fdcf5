import { WrongStateError } from '../base/errors.ts';
import { type TopReport, topContainer } from './container-top.ts';
import type { Engine } from './engine.ts';
import { lookAtPod } from './list-pods.ts';
import type { PodRecord } from './pods.ts';

/** The processes of all running containers of a pod; `words` as for a container. */
export async function topPod(engine: Engine, pod: PodRecord, words: readonly string[]): Promise<TopReport> {
  const { containers } = await lookAtPod(engine, pod);
  const running = containers.filter(({ state }) => state === 'running');
  if (running.length === 0)
    throw new WrongStateError('pod top can only be used on pods with at least one running container');
  const rows: string[][] = [];
  const texts: string[] = [];
  const seen = new Set<string>();
  for (const record of running) {
    // With a process namespace that they share, each of them shows the processes of all.
    const { pid } = record.spec.namespaces;
    const namespace = pid.mode === 'container' ? pid.id : record.id;
    if (seen.has(namespace)) continue;
    seen.add(namespace);
    const report = await topContainer(engine, record, words);
    if ('text' in report) texts.push(report.text);
    else rows.push(...report.rows.slice(rows.length === 0 ? 0 : 1));
  }
  return texts.length > 0 ? { text: texts.join('') } : { rows };
}
