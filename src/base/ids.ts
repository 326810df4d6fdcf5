import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** `algorithm:hex`; only sha256 and sha512 are accepted at the edges. */
export type Digest = `sha256:${string}` | `sha512:${string}`;

const DIGEST = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

export function isDigest(text: string): text is Digest {
  return DIGEST.test(text);
}

export function sha256Of(data: string | Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}

export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** 64 hex digits, as docker and podman give containers, volumes without a name and exec sessions. */
export function newId(): string {
  return randomHex(32);
}

/** 24 hex digits: short enough that 120 lower directories fit in one page of mount options. */
export function newLayerId(): string {
  return randomHex(12);
}

export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, 12);
}

/** Names of containers, volumes, pods and networks. */
export const NAME_PATTERN = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** What becomes the name of a directory can have no more bytes than that. */
export const LONGEST_NAME = 255;

/** Straight from the kernel: loading node:crypto for a few random bytes costs as much as starting a monitor. */
function randomHex(bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  const fd = openSync('/dev/urandom', 'r');
  try {
    for (let have = 0; have < bytes; ) have += readSync(fd, buffer, have, bytes - have, null);
  } finally {
    closeSync(fd);
  }
  return buffer.toString('hex');
}
