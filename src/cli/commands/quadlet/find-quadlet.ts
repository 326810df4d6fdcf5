import { NotFoundError } from '../../../base/errors.ts';
import { ownQuadlets } from './places.ts';

export interface FoundQuadlet {
  path: string;
  /** Its service; undefined when the file is not valid. */
  unit: string | undefined;
}

/** By the name of the file, or of its service. Throws NotFoundError. */
export function findQuadlet(name: string): FoundQuadlet {
  const { services, errors } = ownQuadlets();
  const service = services.find((each) => each.source.name === name || each.name === name);
  if (service !== undefined) return { path: service.source.path, unit: service.name };
  const broken = errors.find(({ path }) => path.slice(path.lastIndexOf('/') + 1) === name);
  if (broken !== undefined) return { path: broken.path, unit: undefined };
  throw new NotFoundError('quadlet', name, { message: `could not locate quadlet ${JSON.stringify(name)}` });
}

export function allQuadlets(): string[] {
  return ownQuadlets().services.map(({ source }) => source.name);
}
