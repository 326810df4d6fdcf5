import { UsageError } from '../../base/errors.ts';
import { commitContainer } from '../../engine/commit-container.ts';
import { numberIn, objectIn, textIn, textMapIn, textsIn, wordsIn } from '../body.ts';
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

type Check = (body: JsonObject, name: string) => unknown;

/** What of a container's configuration is an image's, and of which kind it is. */
const IMAGE_MEMBERS: Readonly<Record<string, Check>> = {
  Cmd: wordsIn,
  Entrypoint: wordsIn,
  Env: textsIn,
  ExposedPorts: objectIn,
  Healthcheck: healthcheckIn,
  Labels: textMapIn,
  OnBuild: textsIn,
  StopSignal: textIn,
  User: textIn,
  Volumes: objectIn,
  WorkingDir: textIn,
};

/** What says nothing leaves the container's own. */
function imageConfigIn(body: JsonObject): Record<string, unknown> {
  const members = Object.entries(IMAGE_MEMBERS).map(([name, check]) => [name, check(body, name)] as const);
  return Object.fromEntries(
    members.filter(
      ([, value]) =>
        value !== undefined && (typeof value !== 'object' || Object.keys(value ?? {}).length > 0),
    ),
  );
}

function healthcheckIn(body: JsonObject, name: string): JsonObject {
  const health = objectIn(body, name);
  textsIn(health, 'Test');
  for (const time of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries'])
    numberIn(health, time);
  return health;
}
