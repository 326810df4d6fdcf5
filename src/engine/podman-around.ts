import type { PodmanNetworks } from '../image/podman-config.ts';
import type { CreateOptions } from '../specgen/create-options.ts';

export type PartlyOptions = { [Key in keyof CreateOptions]?: CreateOptions[Key] | undefined };

/** Beside what the container's own document says. */
export interface PodmanAround {
  networks: PodmanNetworks;
  /** The name of another container; throws NotFoundError for one that is not in that store. */
  nameOf(id: string): string;
  podOf(id: string): string;
  image: { entrypoint: readonly string[]; env: readonly string[]; workdir: string } | undefined;
  /** What create gives where nothing is said. */
  defaultCapabilities: readonly string[];
}

export function pairs(record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record).map(([key, value]) => `${key}=${value}`);
}
