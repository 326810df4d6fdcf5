import type { Route } from '../exchange.ts';

const ARCHIVE = '/containers/{id}/archive';

/** The files of containers, and what happens to everything. */
export const compatFileRoutes: readonly Route[] = [
  { method: 'HEAD', path: ARCHIVE, load: async () => (await import('./archive.ts')).statArchive },
  { method: 'GET', path: ARCHIVE, load: async () => (await import('./archive.ts')).readArchive },
  { method: 'PUT', path: ARCHIVE, load: async () => (await import('./archive.ts')).writeArchive },
  {
    method: 'GET',
    path: '/containers/{id}/stats',
    load: async () => (await import('./stats.ts')).statsHandler,
  },
  {
    method: 'POST',
    path: '/containers/{id}/update',
    load: async () => (await import('./update-container.ts')).update,
  },
  {
    method: 'GET',
    path: '/containers/{id}/changes',
    load: async () => (await import('./container-changes.ts')).changes,
  },
  {
    method: 'GET',
    path: '/containers/{id}/export',
    load: async () => (await import('./container-changes.ts')).exportFiles,
  },
  { method: 'GET', path: '/events', load: async () => (await import('./events.ts')).eventsHandler },
];
