import type { RuntimeSpec } from '../oci/runtime-spec.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';

/** The members are podman's; what it leaves out when empty is left out here too. */
export type InspectDocument = Record<string, unknown>;

/** What the parts of the document are made from. */
export interface Inspected {
  libpod: Libpod;
  /** Settled or observed: its state is shown as it is. */
  record: ContainerRecord;
  /** config.json of a container that runs (or was initialized). */
  running: RuntimeSpec | undefined;
}
