import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { ConflictError, InvalidSpecError, NotFoundError, UsageError } from '../../base/errors.ts';
import { allQuadlets, findQuadlet } from '../../engine/find-quadlet.ts';
import { installQuadlets } from '../../engine/install-quadlets.ts';
import { listQuadlets } from '../../engine/list-quadlets.ts';
import type { SourceFile } from '../../engine/quadlet-sources.ts';
import { type RemovedQuadlets, removeQuadlets } from '../../engine/remove-quadlets.ts';
import { filesOfTar, uploadedSources } from '../../engine/uploaded-quadlets.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { readBytes } from '../read-body.ts';
import { sendEmpty, sendJson, sendText, textOf } from '../respond.ts';
import { uploaded } from '../uploaded.ts';

export const list: Handler = async (exchange) => {
  sendJson(exchange, 200, await listQuadlets(exchange.query.filters()));
};

export const print: Handler = (exchange) => {
  sendText(exchange, 200, readFileSync(findQuadlet(nameOf(exchange)).path, 'utf8'), 'text/plain');
};

export const exists: Handler = (exchange) => {
  findQuadlet(nameOf(exchange));
  sendEmpty(exchange, 204);
};

/** The body is a tar, or a form with files: Quadlet files and what belongs to them. All of it is installed, or nothing. */
export const install: Handler = async (exchange) => {
  const { query } = exchange;
  const sources = uploadedSources(await filesIn(exchange));
  const paths = await asBadRequest(() =>
    installQuadlets(sources, {
      replace: query.flag('replace'),
      reloadSystemd: query.flag('reload-systemd', true),
    }),
  );
  sendJson(exchange, 200, {
    InstalledQuadlets: Object.fromEntries(sources.files.map(({ name }, at) => [name, paths[at]])),
    QuadletErrors: {},
  });
};

export const remove: Handler = async (exchange) => {
  const report = await removeNamed(exchange, [nameOf(exchange)]);
  await asBadRequest(() => {
    for (const error of report.errors.values()) throw error;
  });
  sendJson(exchange, 200, shapeOf(report));
};

/** As podman's service, it tells in the report what could not be removed: the status is 200 all the same. */
export const removeSeveral: Handler = async (exchange) => {
  const all = exchange.query.flag('all');
  const names = exchange.query.list('quadlets');
  if (all === names.length > 0)
    throw new UsageError('give the names of Quadlet files by quadlets, or all=true');
  sendJson(exchange, 200, shapeOf(await removeNamed(exchange, all ? allQuadlets() : names)));
};

async function removeNamed({ query }: Exchange, names: readonly string[]): Promise<RemovedQuadlets> {
  const { removed, errors } = await removeQuadlets(names, {
    force: query.flag('force'),
    reloadSystemd: query.flag('reload-systemd', true),
  });
  const ignore = query.flag('ignore');
  const told = [...errors].filter(([, error]) => !(ignore && error instanceof NotFoundError));
  return { removed, errors: new Map(told) };
}

function shapeOf({ removed, errors }: RemovedQuadlets): object {
  const texts = [...errors].map(([name, error]) => [name, textOf(error)]);
  return { Errors: Object.fromEntries(texts) as Record<string, string>, Removed: removed };
}

/** Podman's clients know 400 for what is there already, or runs. */
async function asBadRequest<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    throw new InvalidSpecError(error.message, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint.replace(/--(\w+)/, '$1=true') }),
    });
  }
}

async function filesIn({ request, engine }: Exchange): Promise<SourceFile[]> {
  const type = request.headers['content-type'] ?? 'application/x-tar';
  const bytes = await readBytes(request);
  if (/^multipart\/form-data\b/i.test(type)) return await filesOfForm(bytes, type);
  if (/^application\/(x-)?tar\b/i.test(type))
    return await uploaded(filesOfTar(bytes, `${engine.paths.runRoot}/tmp`));
  throw new UsageError(
    `content type ${JSON.stringify(type)} is not supported: send application/x-tar or multipart/form-data`,
  );
}

async function filesOfForm(bytes: Buffer, type: string): Promise<SourceFile[]> {
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
  } catch (error) {
    throw new UsageError('the form in the body of the request is damaged', { cause: error });
  }
  const files = [...form.values()].filter((value) => typeof value !== 'string');
  return await Promise.all(
    files.map(async (file) => ({
      name: basename(file.name),
      data: Buffer.from(await file.arrayBuffer()),
    })),
  );
}

function nameOf({ params }: Exchange): string {
  return params['name'] ?? '';
}
