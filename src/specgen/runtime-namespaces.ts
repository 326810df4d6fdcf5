import type { OciLinux } from '../oci/runtime-spec.ts';
import type { ContainerSpec } from './container-spec.ts';
import type { BundleFacts } from './host-facts.ts';

type OciNamespace = OciLinux['namespaces'][number];

/** A type that is not in the list is shared with the host. */
export function runtimeNamespaces(spec: ContainerSpec, bundle: BundleFacts): OciNamespace[] {
  const namespaces: OciNamespace[] = [];
  for (const type of ['pid', 'ipc', 'uts', 'cgroup', 'user'] as const) {
    const { mode } = spec.namespaces[type];
    const path = bundle.namespacePaths[type];
    if (path !== undefined) namespaces.push({ type, path });
    else if (mode === 'private' || mode === 'shareable' || mode === 'none') namespaces.push({ type });
  }
  if (bundle.netnsPath !== undefined) namespaces.push({ type: 'network', path: bundle.netnsPath });
  else if (spec.network.mode.mode !== 'host') namespaces.push({ type: 'network' });
  return [...namespaces, { type: 'mount' }];
}
