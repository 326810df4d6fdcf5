import { NotFoundError } from '../base/errors.ts';
import { ownQuadlets } from './quadlet-places.ts';

export interface FoundQuadlet {
  /** Of the file. */
  name: string;
  path: string;
  /** Its service; undefined when the file is not valid. */
  unit: string | undefined;
}

/** By the name of the file, or of its service. Throws NotFoundError. */
export function findQuadlet(name: string): FoundQuadlet {
  const { services, errors } = ownQuadlets();
  const service = services.find((each) => each.source.name === name || each.name === name);
  if (service !== undefined)
    return { name: service.source.name, path: service.source.path, unit: service.name };
  const broken = errors.find(({ path }) => path.slice(path.lastIndexOf('/') + 1) === name);
  if (broken !== undefined) return { name, path: broken.path, unit: undefined };
  throw new NotFoundError('quadlet', name, { message: `could not locate quadlet ${JSON.stringify(name)}` });
}

export function allQuadlets(): string[] {
  const { services, errors } = ownQuadlets();
  const broken = errors.map(({ path }) => path.slice(path.lastIndexOf('/') + 1));
  return [...new Set([...services.map(({ source }) => source.name), ...broken])];
}
