import { findContainer } from '../libpod/container.ts';
import type { StoredEvent } from '../state/events.ts';
import type { Engine } from './engine.ts';

/**
 * docker tells of a stop once it is done: `kill` with the signal, `die`, then `stop`; here it is noted when it begins. `next` takes
 * events in the order in which they were noted, and returns what is to be told now; `rest` is what was still held back.
 */
export interface EventOrder {
  next(event: StoredEvent): StoredEvent[];
  rest(): StoredEvent[];
}

export function dockerOrder(engine: Engine): EventOrder {
  const begun = new Map<string, StoredEvent>();
  const ended = new Set<string>();
  const next = (event: StoredEvent): StoredEvent[] => {
    const { kind, action, objectId: id } = event;
    if (kind !== 'container') return [event];
    if (action === 'stop' && !ended.has(id)) {
      begun.set(id, event);
      return [killOf(engine, event)];
    }
    if (action === 'start' || action === 'remove') ended.delete(id);
    if (action !== 'died') return [event];
    ended.add(id);
    const stop = begun.get(id);
    begun.delete(id);
    return stop === undefined ? [event] : [event, { ...stop, at: event.at }];
  };
  return { next, rest: () => [...begun.values()] };
}

const SIGTERM = 15;

function killOf(engine: Engine, stop: StoredEvent): StoredEvent {
  const signal = findContainer(engine.db, stop.objectId)?.spec.stopSignal ?? SIGTERM;
  return { ...stop, action: 'kill', attributes: { ...stop.attributes, signal: String(signal) } };
}
