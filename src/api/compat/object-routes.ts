import type { Route } from '../exchange.ts';

const volumes = () => import('./volumes.ts');
const networks = () => import('./networks.ts');

/** Volumes, networks and the disk. */
export const compatObjectRoutes: readonly Route[] = [
  { method: 'GET', path: '/volumes', load: async () => (await volumes()).list },
  { method: 'POST', path: '/volumes/create', load: async () => (await volumes()).create },
  { method: 'POST', path: '/volumes/prune', load: async () => (await volumes()).prune },
  { method: 'GET', path: '/volumes/{name}', load: async () => (await volumes()).inspect },
  {
    method: 'PUT',
    path: '/volumes/{name}',
    load: async () => (await import('./swarm.ts')).noClusterVolume,
  },
  { method: 'DELETE', path: '/volumes/{name}', load: async () => (await volumes()).remove },
  { method: 'GET', path: '/networks', load: async () => (await networks()).list },
  { method: 'POST', path: '/networks/create', load: async () => (await networks()).create },
  { method: 'POST', path: '/networks/prune', load: async () => (await networks()).prune },
  { method: 'GET', path: '/networks/{id}', load: async () => (await networks()).inspect },
  { method: 'DELETE', path: '/networks/{id}', load: async () => (await networks()).remove },
  { method: 'POST', path: '/networks/{id}/connect', load: async () => (await networks()).connect },
  { method: 'POST', path: '/networks/{id}/disconnect', load: async () => (await networks()).disconnect },
  { method: 'GET', path: '/system/df', load: async () => (await import('./system-df.ts')).systemDf },
];
