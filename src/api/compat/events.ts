import { UsageError } from '../../base/errors.ts';
import { parseEnd, parsePastTime } from '../../base/past-time.ts';
import { type DockerEvent, dockerEvent, dockerEventJson, podmanEvent } from '../../engine/docker-events.ts';
import { followEvents, type StoredEvent } from '../../engine/follow-events.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendStream } from '../respond.ts';

export const eventsHandler: Handler = (exchange) => sendEvents(exchange, dockerEvent);

/** In podman's words. */
export const libpodEventsHandler: Handler = (exchange) => {
  const { podmanMajor } = exchange.version;
  const isOld = podmanMajor !== undefined && podmanMajor < FIRST_WITHOUT_CODE;
  return sendEvents(exchange, isOld ? oldPodmanEvent : podmanEvent);
};

/** Podman's clients before that cannot read an event without an exit code, nor of kinds and actions that they do not know. */
const FIRST_WITHOUT_CODE = 5;
const OLD_KINDS = new Set<string>(['container', 'image', 'network', 'pod', 'system', 'volume']);
const NEW_ACTIONS = new Set(['update']);

function oldPodmanEvent(stored: StoredEvent): DockerEvent | undefined {
  const event = podmanEvent(stored);
  if (!OLD_KINDS.has(event.Type) || NEW_ACTIONS.has(event.Action)) return undefined;
  const { Attributes, ID } = event.Actor;
  return { ...event, Actor: { ID, Attributes: { containerExitCode: '0', ...Attributes } } };
}

async function sendEvents(
  exchange: Exchange,
  shapeOf: (event: StoredEvent) => DockerEvent | undefined,
): Promise<void> {
  const { engine, query, signal } = exchange;
  const asDocker = shapeOf === dockerEvent;
  const since = timeIn(exchange, 'since', parsePastTime);
  const until = timeIn(exchange, 'until', asDocker ? parsePastTime : parseEnd);
  if (since !== undefined && until !== undefined && since > until)
    throw new UsageError('the parameter since must not be later than until');
  const follow = query.flag('stream', true) && (until === undefined || until > Date.now());
  const events = followEvents(engine, { filters: query.filters(), since, until, follow, asDocker, signal });
  const answer = sendStream(exchange, 'application/json');
  for (let next = await events.next(); next.done !== true; next = await events.next()) {
    const event = shapeOf(next.value);
    if (event !== undefined) await answer.write(`${dockerEventJson(event)}\n`);
    if (signal.aborted) break;
  }
  await events.return();
  answer.end();
}

/** Unix time with fraction, a date, or a duration. */
function timeIn({ query }: Exchange, name: string, parse: typeof parsePastTime): number | undefined {
  const text = query.text(name);
  return text === undefined ? undefined : parse(text, name).getTime();
}
