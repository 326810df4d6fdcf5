import type { Route } from '../exchange.ts';

const images = () => import('./images.ts');
const transfer = () => import('./image-transfer.ts');
const view = () => import('./image-view.ts');
const tools = () => import('./image-tools.ts');

export const libpodImageRoutes: readonly Route[] = [
  { method: 'GET', path: '/libpod/images/json', load: async () => (await images()).list },
  { method: 'POST', path: '/libpod/images/pull', load: async () => (await images()).pull },
  { method: 'DELETE', path: '/libpod/images/remove', load: async () => (await images()).remove },
  { method: 'POST', path: '/libpod/images/load', load: async () => (await transfer()).load },
  { method: 'POST', path: '/libpod/images/import', load: async () => (await transfer()).importArchive },
  { method: 'POST', path: '/libpod/images/prune', load: async () => (await tools()).prune },
  { method: 'GET', path: '/libpod/images/search', load: async () => (await tools()).search },
  { method: 'GET', path: '/libpod/images/export', load: async () => (await transfer()).saveSeveral },
  { method: 'GET', path: '/libpod/images/{name...}/get', load: async () => (await transfer()).saveOne },
  { method: 'POST', path: '/libpod/images/{name...}/push', load: async () => (await transfer()).push },
  { method: 'POST', path: '/libpod/images/{name...}/untag', load: async () => (await transfer()).untag },
  { method: 'GET', path: '/libpod/images/{name...}/json', load: async () => (await images()).inspect },
  { method: 'GET', path: '/libpod/images/{name...}/tree', load: async () => (await view()).tree },
  { method: 'GET', path: '/libpod/images/{name...}/changes', load: async () => (await view()).changes },
  { method: 'GET', path: '/libpod/images/{name...}/resolve', load: async () => (await view()).resolve },
  { method: 'GET', path: '/libpod/images/{name...}/exists', load: async () => (await images()).exists },
  {
    method: 'POST',
    path: '/libpod/images/{name...}/tag',
    load: async () => (await import('../compat/image-tag.ts')).tagHandler,
  },
  {
    method: 'GET',
    path: '/libpod/images/{name...}/history',
    load: async () => (await import('../compat/image-inspect.ts')).historyHandler,
  },
  { method: 'DELETE', path: '/libpod/images/{name...}', load: async () => (await images()).removeOne },
];
