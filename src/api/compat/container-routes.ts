import type { Handler, Route } from '../exchange.ts';

export const compatContainerRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/containers/json',
    load: async () => (await import('./list-containers.ts')).listContainersHandler,
  },
  {
    method: 'POST',
    path: '/containers/create',
    load: async () => (await import('./create-container.ts')).createContainer,
  },
  {
    method: 'POST',
    path: '/containers/prune',
    load: async () => (await import('./prune-containers.ts')).pruneContainers,
  },
  {
    method: 'GET',
    path: '/containers/{id}/json',
    load: async () => (await import('./inspect-container.ts')).inspectContainer,
  },
  { method: 'GET', path: '/containers/{id}/top', load: async () => (await import('./top.ts')).top },
  { method: 'GET', path: '/containers/{id}/logs', load: async () => (await import('./logs.ts')).logs },
  { method: 'POST', path: '/containers/{id}/attach', load: async () => (await import('./attach.ts')).attach },
  {
    method: 'GET',
    path: '/containers/{id}/attach/ws',
    load: async () => (await import('./attach.ts')).attachWebSocket,
  },
  { method: 'POST', path: '/containers/{id}/resize', load: async () => (await import('./resize.ts')).resize },
  { method: 'POST', path: '/containers/{id}/wait', load: async () => (await import('./wait.ts')).wait },
  lifecycle('POST', '/start', 'start'),
  lifecycle('POST', '/stop', 'stop'),
  lifecycle('POST', '/restart', 'restart'),
  lifecycle('POST', '/kill', 'kill'),
  lifecycle('POST', '/pause', 'pause'),
  lifecycle('POST', '/unpause', 'unpause'),
  lifecycle('POST', '/rename', 'rename'),
  lifecycle('DELETE', '', 'remove'),
  {
    method: 'POST',
    path: '/containers/{id}/checkpoints',
    load: async () => (await import('./checkpoints.ts')).createCheckpoint,
  },
  {
    method: 'GET',
    path: '/containers/{id}/checkpoints',
    load: async () => (await import('./checkpoints.ts')).listCheckpoints,
  },
  {
    method: 'DELETE',
    path: '/containers/{id}/checkpoints/{checkpoint}',
    load: async () => (await import('./checkpoints.ts')).removeCheckpoint,
  },
  // The name of a link, OWNER/ALIAS.
  {
    method: 'DELETE',
    path: '/containers/{owner}/{alias}',
    load: async () => (await import('./remove-link.ts')).removeLinkHandler,
  },
  { method: 'POST', path: '/containers/{id}/exec', load: async () => (await import('./exec.ts')).createExec },
  {
    method: 'POST',
    path: '/exec/{id}/start',
    load: async () => (await import('./exec.ts')).startExecHandler,
  },
  { method: 'POST', path: '/exec/{id}/resize', load: async () => (await import('./exec.ts')).resizeExec },
  { method: 'GET', path: '/exec/{id}/json', load: async () => (await import('./exec.ts')).inspectExec },
];

type Lifecycle = 'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause' | 'rename' | 'remove';

function lifecycle(method: Route['method'], end: string, name: Lifecycle): Route {
  const load = async (): Promise<Handler> => (await import('./container-lifecycle.ts'))[name];
  return { method, path: `/containers/{id}${end}`, load };
}
