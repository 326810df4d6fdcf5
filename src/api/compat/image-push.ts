import { pushImage, tagsToPush } from '../../engine/push-image.ts';
import { formatReference, parseReference, repositoryOf } from '../../engine/images.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { joinedName, namedImage } from './image-names.ts';
import { platformIn } from './platform-in.ts';
import { type ProgressLines, progressLines } from './progress-lines.ts';
import { credentialsIn } from './registry-auth.ts';

export const pushHandler: Handler = async (exchange) => {
  const { engine, params, query } = exchange;
  const name = params['name'] ?? '';
  const tag = query.text('tag');
  const hasTag = tag !== undefined || /:[^/]*$/.test(name);
  const names = hasTag ? [joinedName(name, tag)] : tagsToPush(engine, name);
  const platform = platformIn(query);
  for (const each of names) await namedImage({ engine, params: { name: each } }, platform);
  const lines = progressLines(exchange);
  lines.line({ status: `The push refers to repository [${repositoryOf(parseReference(name))}]` });
  try {
    for (const each of names) await pushOne(exchange, each, lines);
    await lines.end();
  } catch (error) {
    await lines.fail(error);
  }
};

const PUSH_WORDS = {
  begins: 'Preparing',
  goesOn: 'Pushing',
  ends: ['Pushed'],
  exists: 'Layer already exists',
};

async function pushOne(exchange: Exchange, name: string, lines: ProgressLines): Promise<void> {
  const { engine, signal } = exchange;
  const destination = formatReference(parseReference(name));
  const platform = platformIn(exchange.query);
  const options = { destination, credentials: credentialsIn(exchange), signal, platform };
  const report = await pushImage(engine, name, options, (event) => {
    if (event.kind === 'layer') lines.layer(event, PUSH_WORDS);
  });
  const tag = report.name.slice(report.name.lastIndexOf(':') + 1);
  lines.line({ status: `${tag}: digest: ${report.digest ?? ''} size: ${report.manifestSize}` });
  lines.line({ progressDetail: {}, aux: { Tag: tag, Digest: report.digest, Size: report.manifestSize } });
}
