import { InvalidSpecError, NotFoundError, UnsupportedError } from '../base/errors.ts';
import { type ContainerRecord, getContainer, lookupContainer } from '../libpod/container.ts';
import { containerPaths } from '../libpod/container-paths.ts';
import { findPod } from '../libpod/pod.ts';
import { containerService, type ServiceOptions } from '../systemd/container-service.ts';
import type { Engine } from './engine.ts';

export type { ServiceOptions } from '../systemd/container-service.ts';

/** The command line that a container was made by, without the program. InvalidSpecError when it was made without one. */
export function createCommandOf(engine: Engine, nameOrId: string): string[] {
  const { name, spec } = containerFor(engine, nameOrId);
  if (spec.createCommand.length === 0)
    throw new InvalidSpecError(
      `cannot use --new on container ${name}: no command line that makes it is known`,
    );
  return spec.createCommand;
}

export interface GenerateOptions extends Omit<ServiceOptions, 'stopTimeout'> {
  /** Default: the container's own. */
  stopTimeout: number | undefined;
  /** Call the container by its name, not by its id. */
  useName: boolean;
}

/** A service of systemd that starts and stops the container. */
export function generateService(
  engine: Engine,
  nameOrId: string,
  options: GenerateOptions,
): { name: string; text: string } {
  const record = containerFor(engine, nameOrId);
  const shown = (id: string): string => (options.useName ? (getContainer(engine.db, id)?.name ?? id) : id);
  return containerService(
    {
      container: shown(record.id),
      program: [...engine.cleanupCommand],
      runRoot: engine.paths.runRoot,
      monitorPidFile: containerPaths(engine.paths, record.id).bundle.monitorPidFile,
      dependencies: options.createWords === undefined ? record.spec.dependencies.map(shown) : [],
    },
    { ...options, stopTimeout: options.stopTimeout ?? record.spec.stopTimeout },
  );
}

function containerFor(engine: Engine, nameOrId: string): ContainerRecord {
  try {
    return lookupContainer(engine.db, nameOrId);
  } catch (error) {
    if (error instanceof NotFoundError && findPod(engine.db, nameOrId) !== undefined)
      throw new UnsupportedError(`${nameOrId} is a pod: services are made for containers only`, {
        cause: error,
        hint: 'name one of its containers; the service starts what the container needs',
      });
    throw error;
  }
}
