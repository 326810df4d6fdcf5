import type { NetworkStatus } from '../network/backend.ts';
import type { EventRecord } from '../state/events.ts';
import type { ContainerRecord } from './container.ts';

/** That a container which starts joins its networks, or leaves them with its end. Its mode counts as one where it is `none` or `host`. */
export function networkEvents(
  { id, name, spec }: Pick<ContainerRecord, 'id' | 'name' | 'spec'>,
  status: NetworkStatus | undefined,
  action: string,
): EventRecord[] {
  const { mode } = spec.network.mode;
  const event = (network: string, attributes: Record<string, string>): EventRecord => ({
    kind: 'network',
    action,
    objectId: id,
    name,
    attributes: { network, ...attributes },
  });
  if (mode === 'none' || mode === 'host') return [event(mode, {})];
  if (mode !== 'bridge') return [];
  return Object.entries(status?.networks ?? {}).map(([network, { id: networkId, driver }]) =>
    event(network, {
      ...(networkId === undefined ? {} : { networkId }),
      ...(driver === undefined ? {} : { driver }),
    }),
  );
}
