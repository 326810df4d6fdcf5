import { NotFoundError } from '../base/errors.ts';
import { transaction } from '../state/db.ts';
import { type EventRecord, recordEvent } from '../state/events.ts';
import {
  type ContainerChanges,
  type ContainerRecord,
  getContainer,
  updateContainer,
  withChanges,
} from './container.ts';
import type { Libpod } from './context.ts';
import { nextState, type Transition } from './transitions.ts';

export interface StateChangeOptions {
  changes?: ContainerChanges;
  /** podman's event words, recorded in the same transaction. */
  events?: readonly string[];
  /** Of the last of `events`. */
  eventAttributes?: Record<string, string>;
  /** Told before `events`. */
  eventsBefore?: readonly EventRecord[];
  /** Must survive a power cut. Default: true unless the container removes itself at its end. */
  durable?: boolean;
}

/**
 * The one way in which a stored container state changes: checks the transition against the row as it is now, writes it, and
 * records its events, all in one transaction. Returns the new record.
 */
export function changeState(
  libpod: Libpod,
  id: string,
  transition: Transition,
  options: StateChangeOptions = {},
): ContainerRecord {
  const { db } = libpod;
  return transaction(
    db,
    () => {
      const current = getContainer(db, id);
      if (current === undefined) throw new NotFoundError('container', id);
      const state = nextState(current.state, transition, current);
      const changes = { ...options.changes, state };
      updateContainer(db, id, changes);
      const isTold = current.buildOwner === undefined;
      for (const event of isTold ? (options.eventsBefore ?? []) : []) recordEvent(db, event);
      const events = isTold ? (options.events ?? []) : [];
      for (const [index, action] of events.entries()) {
        const own = index === events.length - 1 ? options.eventAttributes : undefined;
        recordEvent(db, {
          kind: 'container',
          action,
          objectId: id,
          name: current.name,
          attributes: { ...current.spec.labels, image: current.imageName, ...own },
        });
      }
      return withChanges(current, changes);
    },
    options.durable ?? false,
  );
}
