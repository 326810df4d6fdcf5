import type { Handler, Route } from '../exchange.ts';

const volumes = () => import('./volumes.ts');
const networks = () => import('./networks.ts');
const secrets = () => import('./secrets.ts');
const manifests = () => import('./manifests.ts');
const quadlets = () => import('./quadlets.ts');
const QUADLET = '/libpod/quadlets/{name}';
const SECRET = '/libpod/secrets/{name}';
const MANIFEST = '/libpod/manifests/{name...}';
const VOLUME = '/libpod/volumes/{name}';
const NETWORK = '/libpod/networks/{name}';

/** Volumes, networks and the like in podman's shapes. */
export const libpodObjectRoutes: readonly Route[] = [
  route('GET', '/libpod/volumes/json', async () => (await volumes()).list),
  route('POST', '/libpod/volumes/create', async () => (await volumes()).create),
  route('POST', '/libpod/volumes/prune', async () => (await volumes()).prune),
  route('GET', `${VOLUME}/json`, async () => (await volumes()).inspect),
  route('GET', `${VOLUME}/exists`, async () => (await volumes()).exists),
  route('DELETE', VOLUME, async () => (await volumes()).remove),
  route('GET', `${VOLUME}/export`, async () => (await import('./volume-archive.ts')).exportArchive),
  route('POST', `${VOLUME}/import`, async () => (await import('./volume-archive.ts')).importArchive),
  route('GET', '/libpod/secrets/json', async () => (await secrets()).list),
  route('POST', '/libpod/secrets/create', async () => (await secrets()).create),
  route('GET', `${SECRET}/json`, async () => (await secrets()).inspect),
  route('GET', `${SECRET}/exists`, async () => (await secrets()).exists),
  route('DELETE', SECRET, async () => (await secrets()).remove),
  route('GET', '/libpod/quadlets/json', async () => (await quadlets()).list),
  route('POST', '/libpod/quadlets', async () => (await quadlets()).install),
  route('DELETE', '/libpod/quadlets', async () => (await quadlets()).removeSeveral),
  route('GET', `${QUADLET}/file`, async () => (await quadlets()).print),
  route('GET', `${QUADLET}/exists`, async () => (await quadlets()).exists),
  route('DELETE', QUADLET, async () => (await quadlets()).remove),
  route('POST', `${MANIFEST}/registry/{destination...}`, async () => (await manifests()).push),
  route('POST', `${MANIFEST}/push`, async () => (await manifests()).push),
  route('POST', `${MANIFEST}/add`, async () => (await manifests()).add),
  route('POST', MANIFEST, async () => (await manifests()).create),
  route('GET', `${MANIFEST}/exists`, async () => (await manifests()).exists),
  route('GET', `${MANIFEST}/json`, async () => (await manifests()).inspect),
  route('PUT', MANIFEST, async () => (await manifests()).modify),
  route('DELETE', MANIFEST, async () => (await manifests()).remove),
  route('GET', '/libpod/networks/json', async () => (await networks()).list),
  route('POST', '/libpod/networks/create', async () => (await networks()).create),
  route('POST', '/libpod/networks/prune', async () => (await networks()).prune),
  route('GET', `${NETWORK}/json`, async () => (await networks()).inspect),
  route('GET', `${NETWORK}/exists`, async () => (await networks()).exists),
  route('GET', NETWORK, async () => (await networks()).inspect),
  route('DELETE', NETWORK, async () => (await networks()).remove),
  route('POST', `${NETWORK}/connect`, async () => (await networks()).connect),
  route('POST', `${NETWORK}/update`, async () => (await networks()).update),
  route('POST', `${NETWORK}/disconnect`, async () => (await networks()).disconnect),
];

function route(method: Route['method'], path: string, load: () => Promise<Handler>): Route {
  return { method, path, load };
}
