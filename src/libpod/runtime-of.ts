import {
  chooseRuntime,
  type ChosenRuntime,
  prepareRuntimeChoice,
  type RuntimeChoice,
} from '../oci/choose-runtime.ts';
import type { RuntimeRef } from '../oci/runtime-client.ts';
import { cgroupManagerOf } from './cgroup-manager.ts';
import type { ContainerRecord } from './container.ts';
import type { Libpod } from './context.ts';

/** The runtime for a start now, by `--runtime`, configuration, or what works on this host. */
export function chosenRuntime(libpod: Libpod, wanted = libpod.runtimeOptions.runtime): ChosenRuntime {
  return chooseRuntime(choiceOf(libpod, wanted));
}

/** For a process that must not wait, before it asks for a runtime. */
export function prepareRuntime(libpod: Libpod): Promise<void> {
  return prepareRuntimeChoice(choiceOf(libpod, libpod.runtimeOptions.runtime));
}

function choiceOf(libpod: Libpod, wanted: string | undefined): RuntimeChoice {
  return {
    wanted,
    config: libpod.config,
    flags: libpod.runtimeOptions.runtimeFlags,
    runRoot: libpod.paths.runRoot,
    cgroupManager: cgroupManagerOf(libpod),
  };
}

/** The runtime that this container was started with. */
export function runtimeOf(libpod: Libpod, record: ContainerRecord): RuntimeRef {
  return chosenRuntime(libpod, record.facts.runtime?.path ?? libpod.runtimeOptions.runtime);
}
