import { NotFoundError } from '../../base/errors.ts';
import { type ContainerRecord, lookupContainer } from '../../engine/containers.ts';
import type { Exchange } from '../exchange.ts';

/** The container that `{id}` in the path names: a name (docker's begin with a slash), an id, or the beginning of one. */
export function namedContainer({
  engine,
  params,
  version,
}: Pick<Exchange, 'engine' | 'params'> & Partial<Pick<Exchange, 'version'>>): ContainerRecord {
  const name = (params['id'] ?? '').replace(/^\//, '');
  try {
    return lookupContainer(engine.db, name);
  } catch (error) {
    // Podman's clients look for the words of podman.
    if (!(error instanceof NotFoundError) || version?.libpod === true) throw error;
    throw new NotFoundError('container', name, { message: `No such container: ${name}`, cause: error });
  }
}
