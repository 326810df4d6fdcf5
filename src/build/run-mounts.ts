import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { containerPaths } from '../libpod/container-paths.ts';
import { MS_NODEV, MS_NOSUID } from '../native/syscalls.ts';
import type { ContainerSpec, MountSpec } from '../specgen/container-spec.ts';
import type { Build, StepPlace } from './build.ts';
import { planBind } from './mount-bind.ts';
import { planCache } from './mount-cache.ts';
import { planSecret } from './mount-secret.ts';
import { planSsh } from './mount-ssh.ts';
import type { RunMount, TmpfsMount } from './instruction.ts';

/** One --mount of a RUN. */
export interface RunMountPlan {
  /** What of it the outcome depends on. */
  facts: unknown;
  attach(surroundings: Surroundings): Promise<void>;
}

/** What is around one container of a RUN; `close` gives all of it back. */
export class Surroundings {
  readonly build: Build;
  readonly secretEnv: string[] = [];
  readonly #id: string;
  readonly #spec: ContainerSpec;
  readonly #closers: (() => Promise<void> | void)[] = [];
  #secrets: string | undefined;

  constructor(build: Build, containerId: string, spec: ContainerSpec) {
    this.build = build;
    this.#id = containerId;
    this.#spec = spec;
  }

  mount(mount: MountSpec): void {
    this.#spec.mounts = [...this.#spec.mounts.filter((one) => one.destination !== mount.destination), mount];
  }

  bind(source: string, destination: string, options: { readOnly: boolean }): void {
    const words = ['rbind', 'rprivate', options.readOnly ? 'ro' : 'rw'];
    this.mount({ type: 'bind', source, destination, options: words, recursive: true });
  }

  /** Not secret. */
  setEnv(entry: string): void {
    this.#spec.process.env.push(entry);
  }

  onClose(closer: () => Promise<void> | void): void {
    this.#closers.push(closer);
  }

  addScript(destination: string, content: string): void {
    const path = join(this.secretsDirectory(), 'script');
    writeFileSync(path, content, { mode: 0o755 });
    this.bind(path, destination, { readOnly: true });
  }

  /** In memory only; it goes with the container, however that ends. */
  secretsDirectory(): string {
    if (this.#secrets === undefined) {
      const { secrets } = containerPaths(this.build.host.paths, this.#id);
      mkdirSync(secrets, { recursive: true, mode: 0o700 });
      this.build.host.syscalls.mount('tmpfs', secrets, 'tmpfs', MS_NOSUID | MS_NODEV, 'mode=0700,size=64m');
      this.#secrets = secrets;
    }
    return this.#secrets;
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0).reverse()) await closer();
  }
}

export async function prepareMounts(
  build: Build,
  place: StepPlace,
  mounts: readonly RunMount[],
): Promise<RunMountPlan[]> {
  const plans: RunMountPlan[] = [];
  for (const mount of mounts) plans.push(await planMount(build, place, mount));
  return plans;
}

async function planMount(build: Build, place: StepPlace, mount: RunMount): Promise<RunMountPlan> {
  switch (mount.type) {
    case 'bind':
      return await planBind(build, place, mount);
    case 'cache':
      return await planCache(build, place, mount);
    case 'tmpfs':
      return planTmpfs(mount);
    case 'secret':
      return planSecret(build, mount);
    case 'ssh':
      return planSsh(build, mount);
  }
}

function planTmpfs({ target, size, mode }: TmpfsMount): RunMountPlan {
  const options = ['rprivate', 'nosuid', 'nodev', 'noexec'];
  if (size !== undefined) options.push(`size=${size}`);
  if (mode !== undefined) options.push(`mode=${mode.toString(8)}`);
  return {
    facts: ['tmpfs', target, size ?? null, mode ?? null],
    async attach(surroundings) {
      surroundings.mount({ type: 'tmpfs', destination: target, options, copyUp: false });
    },
  };
}
