import type { Handler } from '../exchange.ts';
import { sendText } from '../respond.ts';

/** The first thing that every client asks: it learns from the headers what it may use. */
export const ping: Handler = (exchange) => {
  const { response } = exchange;
  response.setHeader('Cache-Control', 'no-cache, no-store, must-revalidate');
  response.setHeader('Pragma', 'no-cache');
  // The builder without BuildKit's own protocol.
  response.setHeader('Builder-Version', '1');
  response.setHeader('Swarm', 'inactive');
  sendText(exchange, 200, 'OK');
};
