import { setTimeout as delay } from 'node:timers/promises';
import { UsageError, WrongStateError } from '../../base/errors.ts';
import {
  type ContainerRecord,
  containerPaths,
  findContainer,
  parseDetachKeys,
  passesStreams,
  recordAttach,
  settleQuietly,
} from '../../engine/containers.ts';
import { bridgeStreams } from '../attach-bridge.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { hijack, type HijackedStream } from '../hijack.ts';
import { acceptWebSocket } from '../websocket.ts';
import { writeLogs } from './logs.ts';
import { namedContainer } from './named-container.ts';

/** A container that somebody else starts is noticed this late. */
const POLL_MS = 100;

/** Connects at once, or when the container is started: `docker run` attaches to what it has just created. */
export const attach: Handler = async (exchange) =>
  await attachBy(exchange, (terminal) => ({ client: hijack(exchange, !terminal), isRaw: terminal }));

/** Output of both streams in messages of a WebSocket, without docker's frames. */
export const attachWebSocket: Handler = async (exchange) =>
  await attachBy(exchange, () => ({ client: acceptWebSocket(exchange), isRaw: true }));

async function attachBy(
  exchange: Exchange,
  open: (terminal: boolean) => { client: HijackedStream; isRaw: boolean },
): Promise<void> {
  const { engine, query } = exchange;
  const record = (await settleQuietly(engine, namedContainer(exchange))) ?? namedContainer(exchange);
  if (record.state === 'paused')
    throw new WrongStateError(`Container ${record.name} is paused, unpause the container before attach.`);
  if (passesStreams(record.spec))
    throw new WrongStateError(`cannot attach to container ${record.name}: its log driver is passthrough`);
  const stream = query.flag('stream');
  const withLogs = query.flag('logs');
  if (!stream && !withLogs)
    throw new UsageError('Bad parameters: you must choose at least one of logs and stream');
  const { terminal } = record.spec.process;
  const keys = detachKeys(exchange, terminal);
  const { client, isRaw } = open(terminal);
  const streams = { stdout: query.flag('stdout'), stderr: query.flag('stderr') };
  if (withLogs)
    await writeLogs(exchange, record, {
      write: (bytes) => void client.output.write(bytes),
      options: { follow: false, tail: undefined, since: undefined, until: undefined },
      ...streams,
      timestamps: false,
      isRaw,
    });
  if (stream) recordAttach(engine, record);
  if (stream) await attachStreams(exchange, record, client, { ...streams, isRaw, detachKeys: keys });
  client.end();
}

export function detachKeys({ engine, query }: Exchange, terminal: boolean): Buffer {
  // They are keys: in the bytes of a pipe the same sequence is data.
  if (!terminal) return Buffer.alloc(0);
  return parseDetachKeys(query.text('detachKeys') ?? engine.config.engine.detachKeys);
}

async function attachStreams(
  exchange: Exchange,
  record: ContainerRecord,
  client: HijackedStream,
  options: { stdout: boolean; stderr: boolean; isRaw: boolean; detachKeys: Buffer },
): Promise<void> {
  const { engine, query, signal } = exchange;
  const { stdin } = record.spec.process;
  const { isRaw, ...wish } = options;
  const bridge = (socket: string): Promise<void> =>
    bridgeStreams(engine, client, {
      ...wish,
      socket,
      terminal: isRaw,
      stdin: stdin && query.flag('stdin'),
      signal,
    });
  const { bundle } = containerPaths(engine.paths, record.id);
  if (isUp(record)) await bridge(bundle.attach);
  else await bridgeAtStart(exchange, record.id, bridge);
}

/** Connected by `start` of this service, or to what others have started meanwhile. Gives up when the container is gone. */
async function bridgeAtStart(
  { engine, service, signal }: Exchange,
  id: string,
  bridge: (socket: string) => Promise<void>,
): Promise<void> {
  let connected: Promise<void> | undefined;
  const connect = (socket: string): void => {
    connected ??= bridge(socket);
  };
  const forget = service.waiting.add(id, connect);
  try {
    while (connected === undefined && !signal.aborted) {
      await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
      const now = findContainer(engine.db, id);
      if (now === undefined) return;
      if (isUp(now) && service.waiting.has(id)) connect(containerPaths(engine.paths, id).bundle.attach);
    }
  } finally {
    forget();
  }
  await connected;
}

function isUp(record: ContainerRecord): boolean {
  return record.state === 'running' || record.state === 'stopping';
}
