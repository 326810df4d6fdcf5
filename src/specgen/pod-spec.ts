import { InvalidSpecError } from '../base/errors.ts';
import type { ResourcesSpec } from './container-spec.ts';
import type { PodOptions } from './pod-options.ts';

/** The persisted intent of a pod. What its infra container is given stands in that one's own spec. */
export interface PodSpec {
  version: 1;
  /** The command line, for inspect. */
  createCommand: string[];
  labels: Record<string, string>;
  /** As they were given, but for those that name this very pod; absent in records of early versions. */
  options?: PodOptions;
  /** As given; its containers are named after the pod otherwise. */
  hostname: string;
  exitPolicy: 'continue' | 'stop';
  /** Of containers that say nothing themselves, as typed. */
  restart: string | undefined;
  /** What containers share with the infra container unless they say otherwise. */
  shares: SharedNamespace[];
  /** Its cgroup, which is the parent of its containers'; undefined: they have the usual one. */
  cgroup: string | undefined;
  cgroupParent: string | undefined;
  /** What its containers may use together. */
  resources?: ResourcesSpec;
  /** Every container gets these besides its own, as typed. */
  inherited: { device: string[]; securityOpt: string[]; gpus?: string[]; shmSizeSystemd?: string };
  /** The infra container has volumes that every container gets. */
  hasVolumes: boolean;
  service?: PodService;
}

/** A service of systemd plays several pods, and runs as long as one of them. */
export interface PodService {
  /** The same for all of them. */
  id: string;
  /** Whether the infra container's monitor is the service's main process. */
  isMain: boolean;
}

const SHARED = ['cgroup', 'ipc', 'net', 'pid', 'uts', 'user'] as const;
export type SharedNamespace = (typeof SHARED)[number];

/** `--share`: a list, one with `+` before it in addition to the usual ones; `none` and nothing share nothing. */
export function parseShares(text: string): SharedNamespace[] {
  const isAddition = text.startsWith('+');
  const words = text
    .replace(/^\+/, '')
    .split(',')
    .filter((word) => word !== '');
  const given = words.includes('none') ? [] : words.map(parseShare);
  return [...new Set([...(isAddition ? DEFAULT_SHARES : []), ...given])].sort();
}

const DEFAULT_SHARES: readonly SharedNamespace[] = ['ipc', 'net', 'uts'];

function parseShare(word: string): SharedNamespace {
  const found = SHARED.find((each) => each === word);
  if (found !== undefined && found !== 'user') return found;
  throw new InvalidSpecError(
    `invalid kernel namespace to share: ${word}. Options are: cgroup, ipc, net, pid, uts or none`,
  );
}
