import type { Handler, Route } from '../exchange.ts';

const kube = () => import('./kube.ts');

/** Kubernetes' files; each path has an older name. */
export const libpodKubeRoutes: readonly Route[] = [
  ...both('POST', ['/libpod/kube/play', '/libpod/play/kube'], async () => (await kube()).play),
  ...both('DELETE', ['/libpod/kube/play', '/libpod/play/kube'], async () => (await kube()).down),
  ...both('GET', ['/libpod/kube/generate', '/libpod/generate/kube'], async () => (await kube()).generate),
];

function both(method: Route['method'], paths: readonly string[], load: () => Promise<Handler>): Route[] {
  return paths.map((path) => ({ method, path, load }));
}
