import { messageOf } from '../base/errors.ts';
import { log } from '../base/log.ts';
import { rootlessUid } from '../base/paths.ts';
import { newId } from '../base/ids.ts';
import type { ContainerRecord } from '../libpod/container.ts';
import { createContainer } from '../libpod/create.ts';
import { cgroupVersion } from '../libpod/host-cgroups.ts';
import { hasApparmor, hasSelinux } from '../libpod/host-facts.ts';
import { originalEnvironment } from '../rootless/original-environment.ts';
import { removeContainer } from '../libpod/remove.ts';
import type { ContainerSpec } from '../specgen/container-spec.ts';
import type { CreateRequest } from '../specgen/create-options.ts';
import { specFromRequest } from '../specgen/from-options.ts';
import type { LayerRecord } from '../storage/store.ts';
import type { BuildHost } from './build-host.ts';

/** A container of this build alone: no list shows it, and should this process be killed, the next that looks removes it. */
export interface WorkingContainer {
  readonly record: ContainerRecord;
  /** Mounts its root file system; idempotent. */
  mount(): Promise<string>;
  unmount(): void;
  /** Its changes as a layer; afterwards it can only be closed. */
  commit(options: { modifiedAt: number | undefined; touched?: ReadonlySet<string> }): Promise<LayerRecord>;
  close(): Promise<void>;
}

export async function openWorkingContainer(
  host: BuildHost,
  topLayerId: string | undefined,
  spec: ContainerSpec = specForFiles(host),
): Promise<WorkingContainer> {
  const record = await createContainer(host, { spec, topLayerId, forBuild: true, keepOwner: true });
  const { rootfs, layers } = host.store;
  return {
    record,
    mount: () => rootfs.mount({ containerId: record.id, topLayerId }),
    unmount: () => rootfs.unmount(record.id),
    commit(options) {
      rootfs.unmount(record.id);
      return layers.commit({ containerId: record.id, topLayerId, mode: 'take', ...options });
    },
    async close() {
      try {
        await removeContainer(host, record.id, { force: true, stopTimeout: 0, volumes: true });
      } catch (error) {
        log('warn', `cannot remove working container ${record.id.slice(0, 12)}: ${messageOf(error)}`);
      }
    },
  };
}

/** One in which nothing runs. */
function specForFiles(host: BuildHost): ContainerSpec {
  return specForStep(host, { options: { network: ['none'], logDriver: 'none' }, image: '', command: ['-'] });
}

export function specForStep(host: BuildHost, request: CreateRequest): ContainerSpec {
  return specFromRequest(request, {
    config: host.config,
    image: undefined,
    lookupContainer: (name) => {
      throw new Error(`a step of a build cannot refer to container ${name}`);
    },
    lookupNetwork: (name) => host.lookupNetwork(name),
    hostEnv: originalEnvironment(),
    cwd: '/',
    makeWorkdir: true,
    rootless: rootlessUid() !== undefined,
    drawPort: () => 0,
    glob: () => [],
    newVolumeName: newId,
    host: { cgroupVersion: cgroupVersion(), apparmor: hasApparmor(), selinux: hasSelinux() },
    createCommand: [],
    warn: (message) => log('warn', message),
  });
}
