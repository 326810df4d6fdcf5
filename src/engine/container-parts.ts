/** Parts of podman's inspect document, for lists that show some of them. */
export type { InspectDocument } from '../libpod/inspected.ts';
export { inspectMounts } from '../libpod/inspect-mounts.ts';
export { inspectNetwork, networkMode, portBindings } from '../libpod/inspect-network.ts';
