import type { Handler, Route } from '../exchange.ts';

const ONE = '/libpod/containers/{id}';
const lifecycle = () => import('../compat/container-lifecycle.ts');
const own = () => import('./containers.ts');
const changes = () => import('../compat/container-changes.ts');
const archive = () => import('../compat/archive.ts');
const mounts = () => import('./mounts.ts');
const checkpoints = () => import('./checkpoints.ts');
const execs = () => import('../compat/exec.ts');

/** Where podman's shapes are docker's, the handlers are. */
export const libpodContainerRoutes: readonly Route[] = [
  get('/libpod/containers/json', async () => (await import('./list-containers.ts')).listContainersHandler),
  post('/libpod/containers/create', async () => (await import('./create-container.ts')).createContainer),
  post('/libpod/containers/prune', async () => (await own()).prune),
  get('/libpod/containers/showmounted', async () => (await mounts()).showMounted),
  post(`${ONE}/mount`, async () => (await mounts()).mount),
  post(`${ONE}/unmount`, async () => (await mounts()).unmount),
  post(`${ONE}/update`, async () => (await import('./update-container.ts')).update),
  get(`${ONE}/json`, async () => (await own()).inspect),
  get(`${ONE}/exists`, async () => (await own()).exists),
  get(`${ONE}/logs`, async () => (await import('../compat/logs.ts')).logs),
  get(`${ONE}/top`, async () => (await import('../compat/top.ts')).top),
  get('/libpod/containers/stats', async () => (await import('./stats.ts')).stats),
  get(`${ONE}/stats`, async () => (await import('./stats.ts')).stats),
  get(`${ONE}/export`, async () => (await changes()).exportFiles),
  get(`${ONE}/changes`, async () => (await import('./image-view.ts')).changesOfAny),
  get(`${ONE}/archive`, async () => (await archive()).readArchive),
  { method: 'HEAD', path: `${ONE}/archive`, load: async () => (await archive()).statArchive },
  { method: 'PUT', path: `${ONE}/archive`, load: async () => (await archive()).writeArchive },
  get(`${ONE}/healthcheck`, async () => (await own()).healthcheck),
  get('/libpod/generate/{id}/systemd', async () => (await import('./system.ts')).generateSystemd),
  post(`${ONE}/attach`, async () => (await import('../compat/attach.ts')).attach),
  post(`${ONE}/resize`, async () => (await import('../compat/resize.ts')).resize),
  post(`${ONE}/wait`, async () => (await own()).wait),
  post(`${ONE}/init`, async () => (await own()).init),
  post(`${ONE}/start`, async () => (await lifecycle()).start),
  post(`${ONE}/stop`, async () => (await lifecycle()).stop),
  post(`${ONE}/restart`, async () => (await lifecycle()).restart),
  post(`${ONE}/kill`, async () => (await lifecycle()).kill),
  post(`${ONE}/pause`, async () => (await lifecycle()).pause),
  post(`${ONE}/unpause`, async () => (await lifecycle()).unpause),
  post(`${ONE}/rename`, async () => (await lifecycle()).rename),
  post(`${ONE}/checkpoint`, async () => (await checkpoints()).checkpoint),
  post(`${ONE}/restore`, async () => (await checkpoints()).restore),
  { method: 'DELETE', path: ONE, load: async () => (await own()).remove },
  post(`${ONE}/exec`, async () => (await execs()).createExec),
  post('/libpod/exec/{id}/start', async () => (await execs()).startExecHandler),
  post('/libpod/exec/{id}/resize', async () => (await execs()).resizeExec),
  post('/libpod/exec/{id}/remove', async () => (await execs()).removeExec),
  get('/libpod/exec/{id}/json', async () => (await execs()).inspectExec),
];

function get(path: string, load: () => Promise<Handler>): Route {
  return { method: 'GET', path, load };
}

function post(path: string, load: () => Promise<Handler>): Route {
  return { method: 'POST', path, load };
}
