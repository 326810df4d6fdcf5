import { parseDuration } from '../../base/durations.ts';
import { type CheckFinding, systemCheck } from '../../engine/system-check.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';

const NANOS_PER_MILLI = 1e6;
const USUAL_LAYER_AGE = '24h';

/** What is damaged, by object; `Errors` while damage is left. */
export const check: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const force = query.flag('repair_lossy');
  const maxAge = query.text('unreferenced_layer_max_age') ?? USUAL_LAYER_AGE;
  const findings = await systemCheck(engine, {
    quick: query.flag('quick'),
    repair: query.flag('repair') || force,
    force,
    maxLayerAge: parseDuration(maxAge, 'unreferenced_layer_max_age') / NANOS_PER_MILLI,
  });
  const problems = (...kinds: CheckFinding['kind'][]): Record<string, string[]> => {
    const byName: Record<string, string[]> = {};
    for (const { kind, name, problem } of findings)
      if (kinds.includes(kind)) byName[name] = [...(byName[name] ?? []), problem];
    return byName;
  };
  sendJson(exchange, 200, {
    Errors: findings.some(({ repaired }) => !repaired),
    // Files that belong to nobody count as layers: podman has no other place for them.
    Layers: problems('layer', 'file'),
    ROLayers: {},
    RemovedLayers: {},
    Images: problems('image'),
    ROImages: {},
    RemovedImages: {},
    Containers: problems('container', 'row'),
    RemovedContainers: {},
  });
};
