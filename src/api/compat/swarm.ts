import { TspodError } from '../../base/errors.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';

class NoSwarmError extends TspodError {
  override readonly code: string = 'NO_SWARM';
  override readonly httpStatus: number = 503;
}

/** docker's own words of a host that is in no swarm: clients know them. */
export const noSwarm: Handler = () => {
  throw new NoSwarmError(
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
    { hint: 'tspod manages one host' },
  );
};

/** Only volumes of a cluster can be changed. */
export const noClusterVolume: Handler = () => {
  throw new NoSwarmError('volume update only valid for cluster volumes, but swarm is unavailable');
};

/** There are none, and none can be added. */
export const noPlugins: Handler = (exchange) => sendJson(exchange, 200, []);
