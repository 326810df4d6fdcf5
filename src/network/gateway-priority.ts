import { InvalidSpecError } from '../base/errors.ts';
import type { FoundNetwork } from './bridge.ts';

/** A network that a container is on: the default route through it has this metric, of which the least counts. */
interface RankedNetwork {
  priority: number;
  metric: number;
}

/** What netavark gives a default route when nobody says anything. */
const USUAL_METRIC = 100;

/**
 * docker's order of the networks that a container is on, in metrics of their default routes; networks of the priority 0 keep theirs.
 * `others`: those that it is on already. Throws InvalidSpecError when no metric is left between two of them.
 */
export function withPriorities(
  found: readonly FoundNetwork[],
  others: readonly RankedNetwork[] = [],
): FoundNetwork[] {
  const ranked = [...others, { priority: 0, metric: USUAL_METRIC }];
  return found.map(({ attachment, definition }) => {
    const { gatewayPriority: priority = 0 } = attachment;
    if (priority === 0) return { attachment, definition };
    const metric = metricFor(priority, ranked);
    ranked.push({ priority, metric });
    const options = { ...definition.options, metric: String(metric) };
    return { attachment, definition: { ...definition, options } };
  });
}

function metricFor(priority: number, ranked: readonly RankedNetwork[]): number {
  const same = ranked.find((other) => other.priority === priority);
  if (same !== undefined) return same.metric;
  const higher = ranked.filter((other) => other.priority > priority).map(({ metric }) => metric);
  const lower = ranked.filter((other) => other.priority < priority).map(({ metric }) => metric);
  const above = Math.max(0, ...higher);
  const metric =
    lower.length === 0 ? above + USUAL_METRIC : above + Math.floor((Math.min(...lower) - above) / 2);
  if (metric > above) return metric;
  throw new InvalidSpecError(
    `gateway priority ${priority}: the networks of one container have too many different ones`,
  );
}
