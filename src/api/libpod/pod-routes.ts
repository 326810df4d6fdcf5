import type { Handler, Route } from '../exchange.ts';

const pods = () => import('./pods.ts');
const changes = () => import('./pod-changes.ts');
const POD = '/libpod/pods/{name}';

/** Pods, which only podman's clients know. */
export const libpodPodRoutes: readonly Route[] = [
  route('GET', '/libpod/pods/json', async () => (await pods()).list),
  route('POST', '/libpod/pods/create', async () => (await import('./create-pod.ts')).create),
  route('POST', '/libpod/pods/prune', async () => (await changes()).prune),
  route('GET', '/libpod/pods/stats', async () => (await import('./pod-stats.ts')).stats),
  route('GET', `${POD}/json`, async () => (await pods()).inspect),
  route('GET', `${POD}/exists`, async () => (await pods()).exists),
  route('GET', `${POD}/top`, async () => (await pods()).top),
  route('DELETE', POD, async () => (await changes()).remove),
  route('POST', `${POD}/start`, async () => (await changes()).start),
  route('POST', `${POD}/stop`, async () => (await changes()).stop),
  route('POST', `${POD}/restart`, async () => (await changes()).restart),
  route('POST', `${POD}/kill`, async () => (await changes()).kill),
  route('POST', `${POD}/pause`, async () => (await changes()).pause),
  route('POST', `${POD}/unpause`, async () => (await changes()).unpause),
];

function route(method: Route['method'], path: string, load: () => Promise<Handler>): Route {
  return { method, path, load };
}
