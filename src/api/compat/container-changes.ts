import { containerChanges, exportContainer, type FileChange } from '../../engine/container-diff.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { sendPieces } from './archive.ts';
import { namedContainer } from './named-container.ts';

const KINDS = { changed: 0, added: 1, deleted: 2 } as const;

export const changes: Handler = async (exchange) => {
  const found = await containerChanges(exchange.engine, namedContainer(exchange));
  sendJson(exchange, 200, shapeOfChanges(found));
};

export function shapeOfChanges(found: readonly FileChange[]): object[] {
  return found.map(({ kind, path }) => ({ Path: path, Kind: KINDS[kind] }));
}

export const exportFiles: Handler = async (exchange) =>
  await sendPieces(exchange, await exportContainer(exchange.engine, namedContainer(exchange)));
