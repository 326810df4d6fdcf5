import { NotFoundError, UnsupportedError } from '../base/errors.ts';
import type { Exchange, Handler, Route } from './exchange.ts';

/** Routes of the two APIs that are answered by name with what to do instead: status 501. docs/api.md lists them. */
export const unsupportedRoutes: readonly Route[] = [
  ...all(
    ['/plugins/privileges', '/plugins/pull', '/plugins/create'],
    'plugins are not supported',
    'volumes and networks have the drivers that tspod brings along',
  ),
  ...all(
    ['/session', '/grpc'],
    "BuildKit's own protocol is not supported",
    'build by DOCKER_BUILDKIT=0 docker build, or tspod build',
  ),
  ...all(['/libpod/artifacts', '/libpod/artifacts/{rest...}'], 'artifacts are not supported'),
  ...all(['/libpod/kube/apply'], 'there is no client of Kubernetes', 'call `kubectl apply`'),
  ...all(['/libpod/images/scp/{rest...}'], 'copying images between hosts is not supported through the API'),
  ...all(
    ['/libpod/local/{rest...}'],
    'reading files of the host by their path is not supported through the API',
    'send the archive or the build context with the request',
  ),
  ...all(['/libpod/swagger'], 'a description of the API is not served'),
];

/** There are no plugins, hence none of this name. */
export const pluginRoutes: readonly Route[] = all(['/plugins/{name...}'], '').map(
  (route): Route => ({ ...route, load: async () => noPlugin }),
);

function noPlugin({ params }: Exchange): never {
  const name = (params['name'] ?? '').replace(/\/(json|enable|disable|upgrade|push|set)$/, '');
  throw new NotFoundError('plugin', name, { message: `plugin ${JSON.stringify(name)} not found` });
}

function all(paths: readonly string[], reason: string, hint?: string): Route[] {
  const refuse: Handler = () => {
    throw new UnsupportedError(reason, hint === undefined ? {} : { hint });
  };
  const load = (): Promise<Handler> => Promise.resolve(refuse);
  return paths.flatMap((path) =>
    (['GET', 'POST', 'PUT', 'DELETE'] as const).map((method): Route => ({ method, path, load })),
  );
}
