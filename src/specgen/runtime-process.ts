import { UNLIMITED } from '../oci/runtime-json.ts';
import type { OciProcess } from '../oci/runtime-spec.ts';
import { mergeCapabilities } from './capabilities.ts';
import type { ContainerSpec } from './container-spec.ts';
import type { BundleFacts, HostFacts } from './host-facts.ts';
import { INIT_PATH } from './runtime-mounts.ts';
import { isUsualLimit } from './ulimits.ts';

/** The container's first process. `note` hears of everything that had to be lowered, `warn` where somebody asked for it. */
export function runtimeProcess(input: {
  spec: ContainerSpec;
  host: HostFacts;
  bundle: BundleFacts;
  bounding: string[];
  note(text: string): void;
  warn(text: string): void;
}): OciProcess {
  const { spec, host, bundle, bounding, note, warn } = input;
  const { process } = spec;
  const { uid, gid, additionalGids } = bundle.user;
  const rlimits = process.rlimits.map((limit) =>
    allowedLimit(limit, host, isUsualLimit(limit) ? note : warn),
  );
  const oomScoreAdj = allowedOomScore(process.oomScoreAdj, host, warn);
  const { apparmor } = spec.security;
  return {
    terminal: process.terminal,
    ...(process.terminal && bundle.consoleSize !== undefined ? { consoleSize: bundle.consoleSize } : {}),
    user: {
      uid,
      gid,
      ...(process.umask === undefined ? {} : { umask: process.umask }),
      ...(additionalGids.length === 0 ? {} : { additionalGids }),
    },
    args: spec.init === undefined ? process.args : [INIT_PATH, '--', ...process.args],
    env: [...completeEnv(spec, bundle), ...(bundle.secretEnv ?? [])],
    cwd: process.workdir,
    capabilities: processCapabilities(spec, uid, bounding),
    ...(rlimits.length === 0 ? {} : { rlimits }),
    ...(spec.security.noNewPrivileges ? { noNewPrivileges: true } : {}),
    ...(host.apparmor && apparmor !== undefined && !spec.security.privileged
      ? { apparmorProfile: apparmor }
      : {}),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
  };
}

function completeEnv({ process, systemd }: ContainerSpec, bundle: BundleFacts): string[] {
  const { env } = process;
  const has = (name: string) => env.some((text) => text.startsWith(`${name}=`));
  return [
    ...env,
    ...(has('HOSTNAME') ? [] : [`HOSTNAME=${bundle.hostname}`]),
    // systemd makes its machine id of it.
    ...(systemd && !has('container_uuid') ? [`container_uuid=${bundle.containerId.slice(0, 32)}`] : []),
    ...(has('HOME') ? [] : [`HOME=${bundle.user.home}`]),
  ];
}

/** The bounding set: all of ours for --privileged, else the configured ones with what was added and dropped. */
export function boundingSet(spec: ContainerSpec, host: HostFacts): string[] {
  const { privileged, defaultCapabilities, capAdd, capDrop } = spec.security;
  if (privileged) return [...host.capabilities].sort();
  return mergeCapabilities({
    defaults: defaultCapabilities,
    add: capAdd,
    drop: capDrop,
    available: host.capabilities,
  });
}

/** Another user than root gets in effect only what was added by name, and keeps that over exec (ambient). */
function processCapabilities(
  spec: ContainerSpec,
  uid: number,
  bounding: string[],
): NonNullable<OciProcess['capabilities']> {
  if (uid === 0) return { bounding, effective: bounding, permitted: bounding };
  const { capAdd } = spec.security;
  const added = bounding.filter((name) => capAdd.includes('ALL') || capAdd.includes(name));
  if (added.length === 0) return { bounding, effective: [], permitted: [] };
  return { bounding, effective: added, inheritable: added, permitted: added, ambient: added };
}

/** Raising a limit needs CAP_SYS_RESOURCE: without it the container gets what this process itself may have. */
function allowedLimit(
  limit: ContainerSpec['process']['rlimits'][number],
  host: HostFacts,
  note: (text: string) => void,
): { type: string; soft: number; hard: number } {
  const number = (value: number) => (value < 0 ? UNLIMITED : value);
  const soft = number(limit.soft);
  const hard = number(limit.hard);
  const highest = host.mayRaiseLimits ? UNLIMITED : number(host.hardLimits[limit.type] ?? -1);
  if (hard > highest)
    note(
      `${limit.type} is lowered to ${highest}: this process may not raise it to ${hard === UNLIMITED ? 'unlimited' : hard}`,
    );
  return { type: limit.type, hard: Math.min(hard, highest), soft: Math.min(soft, highest) };
}

function allowedOomScore(
  wanted: number | undefined,
  host: HostFacts,
  note: (text: string) => void,
): number | undefined {
  if (wanted === undefined || host.mayRaiseLimits || wanted >= host.oomScoreAdj) return wanted;
  note(`oom_score_adj is raised to ${host.oomScoreAdj}: this process may not set it to ${wanted}`);
  return host.oomScoreAdj;
}
