import { existsSync } from 'node:fs';
import { InvalidSpecError, NotFoundError } from '../../base/errors.ts';
import { ensureDirectory } from '../../base/paths.ts';
import { createContainer as create } from '../../engine/containers.ts';
import type { Engine } from '../../engine/engine.ts';
import type { Handler } from '../exchange.ts';
import { readJson } from '../read-body.ts';
import { sendJson } from '../respond.ts';
import { requestFromBody } from './create-body.ts';
import { bindSources } from './create-mounts.ts';

const DIRECTORY_MODE = 0o755;

/** To docker's client, 404 means that the image has to be pulled: what else is missing must not look like that. */
export const createContainer: Handler = async (exchange) => {
  try {
    await createFromBody(exchange);
  } catch (error) {
    if (!(error instanceof NotFoundError) || error.kind === 'image') throw error;
    const { message, hint, dockerMessage } = error;
    throw new InvalidSpecError(message, {
      ...(hint === undefined ? {} : { hint }),
      ...(dockerMessage === undefined ? {} : { docker: dockerMessage }),
      cause: error,
    });
  }
};

const createFromBody: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const body = await readJson(exchange);
  const [name, platform] = [query.text('name')?.replace(/^\//, ''), query.text('platform')];
  const request = requestFromBody(body, {
    ...(name === undefined ? {} : { name }),
    ...(platform === undefined ? {} : { platform }),
  });
  request.options.network ??= defaultNetwork(engine);
  // Pulling is the client's part.
  request.options.pull = 'missing';
  const warnings: string[] = [];
  const hooks = {
    pull: () => {
      throw new NotFoundError('image', request.image, { message: `No such image: ${request.image}` });
    },
    warn: (message: string) => void warnings.push(message),
  };
  for (const source of bindSources(body)) if (!existsSync(source)) ensureDirectory(source, DIRECTORY_MODE);
  const record = await create(engine, request, hooks, { createCommand: [], keepOwner: false });
  sendJson(exchange, 201, { Id: record.id, Warnings: warnings });
};

/**
 * Also for users without privileges a bridge, which docker's clients connect to others and read addresses from, unless the
 * configuration has something else.
 */
function defaultNetwork({ config }: Engine): string[] {
  const { netns } = config.containers;
  return [netns === '' || netns === 'private' ? 'bridge' : netns];
}
