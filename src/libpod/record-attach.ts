import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { transaction } from '../state/db.ts';
import { recordEvent } from '../state/events.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';

/** That somebody attaches to what runs already. On a full disk they may all the same. */
export function recordAttach({ db }: Libpod, { id, name, spec, imageName }: ContainerRecord): void {
  const attributes = { ...spec.labels, image: imageName };
  const record = (): void =>
    recordEvent(db, { kind: 'container', action: 'attach', objectId: id, name, attributes });
  try {
    transaction(db, record, false);
  } catch (error) {
    log('debug', `cannot record the event: ${messageOf(error)}`);
  }
}
