import { UsageError } from '../../base/errors.ts';
import { commitContainer } from '../../engine/commit-container.ts';
import type { Handler } from '../exchange.ts';
import { type JsonObject, readJson } from '../read-body.ts';
import { sendJson } from '../respond.ts';
import { joinedName } from './image-names.ts';
import { namedContainer } from './named-container.ts';

export const commitHandler: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const container = query.text('container');
  if (container === undefined) throw new UsageError('the parameter container is required');
  const body = await readJson(exchange);
  const { id } = namedContainer({ engine, params: { id: container } });
  const repository = query.text('repo');
  const image = await commitContainer(engine, id, {
    name: repository === undefined ? undefined : joinedName(repository, query.text('tag')),
    author: query.text('author'),
    message: query.text('comment'),
    changes: query.all('changes').flatMap((text) => text.split('\n').filter((line) => line.trim() !== '')),
    config: imageConfigIn(body),
    format: 'v2s2',
    pause: query.flag('pause', true) ? 'if-possible' : false,
    squash: false,
    includeVolumes: false,
  });
  sendJson(exchange, 201, { Id: `sha256:${image.id}` });
};

const IMAGE_MEMBERS = [
  'Cmd',
  'Entrypoint',
  'Env',
  'ExposedPorts',
  'Healthcheck',
  'Labels',
  'OnBuild',
  'StopSignal',
  'User',
  'Volumes',
  'WorkingDir',
];

/** What of a container's configuration is an image's; what says nothing leaves the container's own. */
function imageConfigIn(body: JsonObject): Record<string, unknown> {
  const says = (value: unknown): boolean =>
    value !== undefined &&
    value !== null &&
    value !== '' &&
    (typeof value !== 'object' || Object.keys(value).length > 0);
  return Object.fromEntries(
    IMAGE_MEMBERS.filter((name) => says(body[name])).map((name) => [name, body[name]]),
  );
}
