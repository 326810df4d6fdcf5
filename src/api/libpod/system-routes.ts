import type { Route } from '../exchange.ts';

export const libpodSystemRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/libpod/version',
    load: async () => (await import('../compat/version.ts')).version,
  },
  {
    method: 'GET',
    path: '/libpod/events',
    load: async () => (await import('../compat/events.ts')).libpodEventsHandler,
  },
  {
    method: 'POST',
    path: '/libpod/build',
    load: async () => (await import('./build.ts')).buildHandler,
  },
  {
    method: 'POST',
    path: '/libpod/commit',
    load: async () => (await import('../compat/image-commit.ts')).commitHandler,
  },
  { method: 'GET', path: '/libpod/system/df', load: async () => (await import('./system.ts')).df },
  { method: 'POST', path: '/libpod/system/prune', load: async () => (await import('./system.ts')).prune },
  {
    method: 'POST',
    path: '/libpod/system/check',
    load: async () => (await import('./system-check.ts')).check,
  },
  { method: 'GET', path: '/libpod/info', load: async () => (await import('./info.ts')).info },
];
