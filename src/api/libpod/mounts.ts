import { listUserMounts, mountForUser, unmountForUser } from '../../engine/user-mounts.ts';
import { namedContainer } from '../compat/named-container.ts';
import type { Handler } from '../exchange.ts';
import { sendEmpty, sendJson } from '../respond.ts';

/** Id to place. */
export const showMounted: Handler = async (exchange) => {
  const { engine } = exchange;
  const places: Record<string, string> = {};
  // Mounting what is mounted only tells where.
  for (const { id } of listUserMounts(engine)) places[id] = await mountForUser(engine, id);
  sendJson(exchange, 200, places);
};

export const mount: Handler = async (exchange) => {
  sendJson(exchange, 200, await mountForUser(exchange.engine, namedContainer(exchange).id));
};

export const unmount: Handler = async (exchange) => {
  await unmountForUser(exchange.engine, namedContainer(exchange).id);
  sendEmpty(exchange, 204);
};
