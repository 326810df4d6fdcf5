import { UsageError } from '../../base/errors.ts';
import {
  type PathStat,
  readContainerArchive,
  statContainerPath,
  writeContainerArchive,
} from '../../engine/container-archive.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendEmpty, sendStream } from '../respond.ts';
import { uploaded, uploadOf } from '../uploaded.ts';
import { namedContainer } from './named-container.ts';

export const statArchive: Handler = async (exchange) => {
  const { id } = namedContainer(exchange);
  tellStat(exchange, await statContainerPath(exchange.engine, id, pathIn(exchange)));
  exchange.response.writeHead(200);
  exchange.response.end();
};

export const readArchive: Handler = async (exchange) => {
  const { id } = namedContainer(exchange);
  const { stat, pieces } = await readContainerArchive(exchange.engine, { id, path: pathIn(exchange) });
  tellStat(exchange, stat);
  await sendPieces(exchange, pieces);
};

export const writeArchive: Handler = async (exchange) => {
  const { id } = namedContainer(exchange);
  const { engine, query } = exchange;
  await uploaded(
    writeContainerArchive(engine, { id, path: pathIn(exchange) }, uploadOf(exchange), {
      toUser: query.flag('copyUIDGID'),
      overwrite: !query.flag('noOverwriteDirNonDir'),
    }),
  );
  sendEmpty(exchange, 200);
};

/** A tar whose pieces come one by one; when the client goes away, what it was read from is let go. */
export async function sendPieces(exchange: Exchange, pieces: Iterable<Buffer>): Promise<void> {
  const answer = sendStream(exchange, 'application/x-tar');
  for (const piece of pieces) {
    await answer.write(piece);
    if (exchange.signal.aborted) return;
  }
  answer.end();
}

function pathIn({ query }: Exchange): string {
  const path = query.text('path');
  if (path === undefined) throw new UsageError('the parameter path is required');
  if (path.includes('\0')) throw new UsageError('invalid parameter path: it contains a NUL character');
  return path;
}

/** Before the headers are sent. */
function tellStat(exchange: Exchange, stat: PathStat): void {
  const { response, version } = exchange;
  const told = version.libpod ? podmanStat(stat, pathIn(exchange)) : stat;
  response.setHeader('X-Docker-Container-Path-Stat', Buffer.from(JSON.stringify(told)).toString('base64'));
}

/** podman's clients ask for the target next, also of what is no link. */
function podmanStat(stat: PathStat, path: string): object {
  const isDir = stat.mode >= GO_DIRECTORY;
  return { ...stat, linkTarget: stat.linkTarget === '' ? path : stat.linkTarget, isDir, isStream: false };
}

/** The highest bit of Go's modes. */
const GO_DIRECTORY = 2 ** 31;
