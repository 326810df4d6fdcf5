import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { UsageError } from '../../base/errors.ts';
import { download } from '../../engine/download.ts';
import { importImage, loadImages, type SaveFormat, saveImages } from '../../engine/image-archives.ts';
import { applyChanges, findImage, untagImage, wantedPlatform } from '../../engine/images.ts';
import { type ManifestFormat, pushImage } from '../../engine/push-image.ts';
import { joinedName } from '../compat/image-names.ts';
import { credentialsIn } from '../compat/registry-auth.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendJson, sendStream, textOf } from '../respond.ts';
import { uploaded, uploadOf } from '../uploaded.ts';

/** Lines of text, then the digest; a failure after the beginning is told in the stream. */
export const push: Handler = async (exchange) => {
  const { engine, params, query, signal, version } = exchange;
  const name = params['name'] ?? '';
  await findImage(engine, name);
  const destination = query.text('destination')?.replace(/^docker:\/\//, '') ?? name;
  const format = formatOf(query.text('format'));
  const answer = sendStream(exchange, 'application/json');
  try {
    const report = await pushImage(
      engine,
      name,
      {
        destination,
        credentials: credentialsIn(exchange),
        signal,
        ...(format === undefined ? {} : { format }),
        ...(query.text('tlsVerify') === undefined ? {} : { tlsVerify: query.flag('tlsVerify') }),
      },
      (event) => {
        if (event.kind === 'layer' && (event.state === 'done' || event.state === 'exists'))
          void answer.json({ stream: `Copying blob ${event.digest} ${event.state}\n` });
      },
    );
    const digest = report.digest ?? '';
    // Older clients take what they do not know for a failure.
    const isOld = version.podmanMajor !== undefined && version.podmanMajor < FIRST_WITH_DIGEST;
    await answer.json(isOld ? { stream: `${digest}\n` } : { manifestdigest: digest });
  } catch (error) {
    await answer.json({ error: textOf(error) });
  }
  answer.end();
};

const FIRST_WITH_DIGEST = 5;

function formatOf(text: string | undefined): ManifestFormat | undefined {
  if (text === undefined) return undefined;
  if (text === 'oci' || text === 'v2s2') return text;
  throw new UsageError(`unsupported format ${JSON.stringify(text)}: choose oci or v2s2`);
}

export const load: Handler = async (exchange) => {
  const loaded = await uploaded(loadImages(exchange.engine, uploadOf(exchange)));
  const Names = loaded.flatMap(({ image, names }) => (names.length === 0 ? [`sha256:${image.id}`] : names));
  sendJson(exchange, 200, { Names });
};

/** The body, or what is at `url`. */
export const importArchive: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const url = query.text('url');
  const reference = query.text('reference');
  const image = await uploaded(
    importImage(engine, url === undefined ? uploadOf(exchange) : await download(url), {
      names: reference === undefined ? [] : [reference],
      run: applyChanges({}, query.all('changes')),
      platform: wantedPlatform({
        os: query.text('OS'),
        arch: query.text('Architecture'),
        variant: query.text('Variant'),
      }),
      message: query.text('message'),
    }),
  );
  sendJson(exchange, 200, { Id: image.id });
};

export const saveOne: Handler = (exchange) => save(exchange, [exchange.params['name'] ?? '']);

export const saveSeveral: Handler = (exchange) => {
  const names = exchange.query.all('references').flatMap((text) => text.split(','));
  if (names.length === 0) throw new UsageError('the parameter references is required');
  return save(exchange, names);
};

const FORMATS: Readonly<Record<string, SaveFormat>> = {
  'docker-archive': 'docker-archive',
  'oci-archive': 'oci-archive',
  // Directories come packed, and the client unpacks them.
  'oci-dir': 'oci-archive',
};

async function save(exchange: Exchange, names: readonly string[]): Promise<void> {
  const { engine, query, response, signal } = exchange;
  const given = query.text('format') ?? 'docker-archive';
  const format = FORMATS[given];
  if (format === undefined)
    throw new UsageError(
      `unsupported format ${JSON.stringify(given)}: choose docker-archive, oci-archive or oci-dir`,
    );
  for (const name of names) await findImage(engine, name);
  sendStream(exchange, 'application/x-tar');
  const output = new PassThrough({ highWaterMark: 1 << 20 });
  const options = { format, severalImages: true, compress: query.flag('compress'), output } as const;
  await Promise.all([saveImages(engine, names, options), pipeline(output, response, { signal })]);
}

/** Takes one name away, or all of them. */
export const untag: Handler = async (exchange) => {
  const { engine, params, query } = exchange;
  const repository = query.text('repo');
  const tag = query.text('tag');
  if (repository === undefined && tag !== undefined)
    throw new UsageError('the parameter repo is required with tag');
  const names = repository === undefined ? [] : [joinedName(repository, tag ?? 'latest')];
  await untagImage(engine, params['name'] ?? '', names);
  sendJson(exchange, 201, '');
};
