import type { ContainerSpec } from './container-spec.ts';
import type { HostFacts } from './host-facts.ts';

/**
 * Whether the container's root is not the machine's: it can make no device nodes, and mount the kernel's file systems afresh only where
 * the namespace that they show is its own.
 */
export function isConfined(spec: ContainerSpec, host: HostFacts): boolean {
  return host.rootless || spec.userNamespace !== undefined;
}
