import { NotFoundError, UsageError } from '../../base/errors.ts';
import {
  type BuildEvent,
  type BuildOptions,
  buildImage,
  type StageSummary,
  type StepId,
} from '../../engine/build.ts';
import { bytesToKeep, type CacheBounds, pruneBuildCache, unusedSince } from '../../engine/build-cache.ts';
import { familiarName } from '../../engine/images.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { buildOptionsIn } from './build-options.ts';
import { progressLines } from './progress-lines.ts';

export const buildHandler: Handler = (exchange) => runBuild(exchange, buildOptionsIn(exchange));

export async function runBuild(exchange: Exchange, options: BuildOptions): Promise<void> {
  const { engine, query, version } = exchange;
  const isQuiet = query.flag('q');
  const lines = progressLines(exchange);
  const say = (stream: string): void => {
    if (!isQuiet) lines.line({ stream });
  };
  try {
    const report = await buildImage(engine, options, buildLines(say));
    const { imageId, names } = report;
    if (imageId !== undefined) {
      if (isQuiet) lines.line({ stream: `sha256:${imageId}\n` });
      // podman's clients stop at what is no text.
      else if (!version.libpod) lines.line({ aux: { ID: `sha256:${imageId}` } });
      say(`Successfully built ${imageId.slice(0, 12)}\n`);
    }
    for (const name of names) say(`Successfully tagged ${familiarName(name)}\n`);
    // podman's clients take the last line that is an id.
    if (version.libpod && imageId !== undefined) lines.line({ stream: `${imageId}\n` });
    await lines.end();
  } catch (error) {
    await lines.fail(isMissingFile(error) ? new UsageError(error.message, { cause: error }) : error);
  }
}

/** That the context lacks its Dockerfile is a fault of the request, not an object that is not there. */
function isMissingFile(error: unknown): error is NotFoundError {
  return error instanceof NotFoundError && error.kind === 'file';
}

/** What a build does in docker's words. */
function buildLines(say: (text: string) => void): (event: BuildEvent) => void {
  let stages: readonly StageSummary[] = [];
  const decoders = new Map<string, TextDecoder>();
  const decode = ({ stage, step }: StepId, stream: string, chunk: Buffer): string => {
    const key = `${stage}.${step}.${stream}`;
    const decoder = decoders.get(key) ?? new TextDecoder();
    decoders.set(key, decoder);
    return decoder.decode(chunk, { stream: true });
  };
  const told = (imageId: string | undefined): void => {
    if (imageId !== undefined) say(` ---> ${imageId.slice(0, 12)}\n`);
  };
  return (event) => {
    switch (event.kind) {
      case 'plan':
        stages = event.stages;
        break;
      case 'step-started':
        say(`Step ${position(event.step, stages)} : ${event.text}\n`);
        break;
      case 'step-cached':
        say(' ---> Using cache\n');
        told(event.imageId);
        break;
      case 'step-done':
        told(event.imageId);
        break;
      case 'output':
        say(decode(event.step, event.stream, event.chunk));
        break;
      case 'warning':
        say(`[Warning] ${event.warning.message}\n`);
        break;
      default:
    }
  };
}

/** docker counts through all stages. */
function position({ stage, step }: StepId, stages: readonly StageSummary[]): string {
  let before = 0;
  let total = 0;
  for (const { index, steps } of stages) {
    if (index < stage) before += steps;
    total += steps;
  }
  return `${before + step}/${total}`;
}

export const pruneBuildHandler: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const filters = query.filters();
  // `system prune --filter label=…` asks for it too: nothing in the cache has a label.
  if (filters.some((filter) => /^label!?=/.test(filter)))
    return sendJson(exchange, 200, { CachesDeleted: [], SpaceReclaimed: 0 });
  const report = await pruneBuildCache(engine, {
    all: query.flag('all'),
    until: unusedSince(filters),
    keep: bytesToKeep(engine, boundsIn(exchange)),
  });
  sendJson(exchange, 200, { CachesDeleted: report.removed, SpaceReclaimed: report.reclaimed });
};

/** Bytes; an older client has another name for the first. */
function boundsIn({ query }: Exchange): CacheBounds {
  return {
    reserved: query.integer('reserved-space') ?? query.integer('keep-storage'),
    maxUsed: query.integer('max-used-space'),
    minFree: query.integer('min-free-space'),
  };
}
