import { exportVolume, importVolume } from '../../engine/volume-archive.ts';
import { inspectVolume } from '../../engine/volumes.ts';
import { sendPieces } from '../compat/archive.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendEmpty } from '../respond.ts';
import { uploaded, uploadOf } from '../uploaded.ts';

export const exportArchive: Handler = async (exchange) => {
  const name = await nameOf(exchange);
  await sendPieces(exchange, await exportVolume(exchange.engine, name));
};

export const importArchive: Handler = async (exchange) => {
  const name = await nameOf(exchange);
  await uploaded(importVolume(exchange.engine, name, uploadOf(exchange)));
  sendEmpty(exchange, 204);
};

/** One that is not there has a status as long as nothing has been sent. */
async function nameOf({ engine, params }: Exchange): Promise<string> {
  const name = params['name'] ?? '';
  await inspectVolume(engine, name);
  return name;
}
