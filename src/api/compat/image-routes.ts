import type { Route } from '../exchange.ts';

export const compatImageRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/images/json',
    load: async () => (await import('./image-list.ts')).listImagesHandler,
  },
  {
    method: 'POST',
    path: '/images/create',
    load: async () => (await import('./image-create.ts')).createImage,
  },
  { method: 'GET', path: '/images/get', load: async () => (await import('./image-archive.ts')).saveSeveral },
  {
    method: 'POST',
    path: '/images/load',
    load: async () => (await import('./image-archive.ts')).loadArchive,
  },
  {
    method: 'POST',
    path: '/images/prune',
    load: async () => (await import('./image-prune.ts')).pruneImagesHandler,
  },
  {
    method: 'GET',
    path: '/images/{name...}/json',
    load: async () => (await import('./image-inspect.ts')).inspectImageHandler,
  },
  {
    method: 'GET',
    path: '/images/{name...}/history',
    load: async () => (await import('./image-inspect.ts')).historyHandler,
  },
  {
    method: 'GET',
    path: '/images/{name...}/get',
    load: async () => (await import('./image-archive.ts')).saveOne,
  },
  {
    method: 'POST',
    path: '/images/{name...}/push',
    load: async () => (await import('./image-push.ts')).pushHandler,
  },
  {
    method: 'POST',
    path: '/images/{name...}/tag',
    load: async () => (await import('./image-tag.ts')).tagHandler,
  },
  {
    method: 'DELETE',
    path: '/images/{name...}',
    load: async () => (await import('./image-remove.ts')).removeHandler,
  },
  { method: 'POST', path: '/commit', load: async () => (await import('./image-commit.ts')).commitHandler },
  {
    method: 'GET',
    path: '/images/search',
    load: async () => (await import('./image-search.ts')).searchHandler,
  },
  { method: 'POST', path: '/build', load: async () => (await import('./build.ts')).buildHandler },
  { method: 'POST', path: '/build/prune', load: async () => (await import('./build.ts')).pruneBuildHandler },
  { method: 'POST', path: '/auth', load: async () => (await import('./auth.ts')).authHandler },
  {
    method: 'GET',
    path: '/distribution/{name...}/json',
    load: async () => (await import('./distribution.ts')).distributionHandler,
  },
];
