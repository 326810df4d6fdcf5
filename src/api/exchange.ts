import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Engine } from '../engine/engine.ts';
import type { ExecRegistry } from './exec-registry.ts';
import type { Query } from './query.ts';
import type { WaitingAttachments } from './waiting-attachments.ts';

/** One request and the way to answer it: all that a handler gets. */
export interface Exchange {
  /** docker's rules for short names on Docker paths, podman's below /libpod. */
  readonly engine: Engine;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The connection, for handlers that take it over (hijack.ts). */
  readonly socket: Duplex;
  /** The client asked for the connection to become a plain stream (`Upgrade: tcp`). */
  readonly wantsUpgrade: boolean;
  /** What the client sent after its request, before the connection was taken over. */
  readonly head: Buffer;
  /** The `{name}` parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly version: ApiVersion;
  /** Aborted when the client has gone or the service ends: whatever streams or waits has to stop then. */
  readonly signal: AbortSignal;
  readonly service: Service;
}

/** What requests share. */
export interface Service {
  readonly waiting: WaitingAttachments;
  readonly execs: ExecRegistry;
}

/** What the path asks for; without a version in the path the newest one. */
export interface ApiVersion {
  /** Minor number of the Docker API: 51 for 1.51. The newest one for requests below /libpod. */
  minor: number;
  libpod: boolean;
  /** Of a path below /libpod with a version in it: 4 for v4.3.1. */
  podmanMajor: number | undefined;
}

/** Sends the answer and resolves when it is sent. What it throws becomes an error answer, unless the answer has begun. */
export type Handler = (exchange: Exchange) => Promise<void> | void;

export interface Route {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** `{id}` is one part of the path; `{name...}` any number of parts, as image names have them. */
  path: string;
  /** Loads the code; only then is it read at all. */
  load: () => Promise<Handler>;
}
