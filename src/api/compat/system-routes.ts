import type { Handler, Route } from '../exchange.ts';

const noSwarm = async (): Promise<Handler> => (await import('./swarm.ts')).noSwarm;
const METHODS = ['GET', 'POST', 'DELETE'] as const;

/** Of a cluster, which this is none of. */
const SWARM = ['swarm', 'nodes', 'services', 'tasks', 'secrets', 'configs'];

export const compatSystemRoutes: readonly Route[] = [
  { method: 'GET', path: '/_ping', load: async () => (await import('./ping.ts')).ping },
  { method: 'GET', path: '/libpod/_ping', load: async () => (await import('./ping.ts')).ping },
  { method: 'GET', path: '/version', load: async () => (await import('./version.ts')).version },
  { method: 'GET', path: '/info', load: async () => (await import('./info.ts')).info },
  { method: 'GET', path: '/plugins', load: async () => (await import('./swarm.ts')).noPlugins },
  ...SWARM.flatMap((noun) =>
    METHODS.flatMap((method): Route[] => [
      { method, path: `/${noun}`, load: noSwarm },
      { method, path: `/${noun}/{rest...}`, load: noSwarm },
    ]),
  ),
];
