import { runProgram } from '../base/run-program.ts';
import { findHelper, helperEnvironment } from './helper-program.ts';
import { interfaceNames } from './host-interfaces.ts';
import type { NetworkDefinition } from './network-definition.ts';

/**
 * True while something is plugged into the network's bridge in our namespace. Of a network that no container of this root is on, these are
 * containers of another root, or podman's: definitions are shared with them. False without iproute2.
 */
export async function hasBridgePorts({
  driver,
  network_interface: bridge,
}: NetworkDefinition): Promise<boolean> {
  if (driver !== 'bridge' || bridge === undefined || !interfaceNames().has(bridge)) return false;
  const ip = findHelper('ip', []);
  if (ip === undefined) return false;
  const { stdout } = await runProgram(ip, ['-o', 'link', 'show', 'master', bridge], {
    env: helperEnvironment(),
  });
  return stdout.trim() !== '';
}
