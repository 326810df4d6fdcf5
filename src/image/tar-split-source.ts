import { closeSync, constants, createReadStream, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { IntegrityError, messageOf } from '../base/errors.ts';
import { RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS, type Syscalls } from '../native/syscalls.ts';

/** Where another store keeps a layer: its files, and everything of its tar that is not file content. */
export interface SplitLayer {
  /** `tar-split` of podman and docker: JSON lines, gzip. */
  split: string;
  /** The directory with the files. */
  files: string;
}

const PIECE = 1 << 20;

/** The exact tar that the layer came as. Who reads it must check its digest: the files may have been changed. */
export function reassembleTar(system: Syscalls, layer: SplitLayer): Readable {
  return Readable.from(pieces(system, layer), { objectMode: false, highWaterMark: PIECE });
}

async function* pieces(system: Syscalls, { split, files }: SplitLayer): AsyncGenerator<Buffer> {
  const root = openSync(files, constants.O_RDONLY | constants.O_DIRECTORY);
  const source = createReadStream(split);
  const unpacked = createGunzip();
  source.on('error', (error) => unpacked.destroy(error));
  try {
    for await (const line of createInterface({ input: source.pipe(unpacked), crlfDelay: Infinity })) {
      const entry = parseEntry(line, split);
      if (entry.kind === 'bytes') yield entry.bytes;
      else yield* content(system, root, { ...entry, files });
    }
  } finally {
    source.destroy();
    closeSync(root);
  }
}

interface ContentWish {
  name: Buffer;
  size: number;
  files: string;
}

function* content(system: Syscalls, root: number, { name, size, files }: ContentWish): Generator<Buffer> {
  const shown = `${files}/${name.toString()}`;
  let fd: number;
  try {
    fd = system.openat2(root, name, constants.O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
  } catch (error) {
    throw new IntegrityError(`cannot read ${shown}: ${messageOf(error)}`, { cause: error });
  }
  try {
    for (let left = size; left > 0; ) {
      const buffer = Buffer.allocUnsafe(Math.min(PIECE, left));
      const count = readSync(fd, buffer, 0, buffer.length, null);
      if (count === 0) throw new IntegrityError(`${shown} is shorter than it was: ${left} bytes are missing`);
      left -= count;
      yield buffer.subarray(0, count);
    }
  } finally {
    closeSync(fd);
  }
}

type Entry = { kind: 'bytes'; bytes: Buffer } | { kind: 'file'; name: Buffer; size: number };

const FILE = 1;
const SEGMENT = 2;

function parseEntry(line: string, split: string): Entry {
  const { type, name, name_raw, size, payload } = JSON.parse(line) as {
    type?: number;
    name?: string;
    name_raw?: string;
    size?: number;
    payload?: string;
  };
  if (type === SEGMENT) return { kind: 'bytes', bytes: Buffer.from(payload ?? '', 'base64') };
  if (type !== FILE) throw new IntegrityError(`${split}: entry of unknown type ${type}`);
  if (size === undefined || size === 0) return { kind: 'bytes', bytes: Buffer.alloc(0) };
  const raw = name_raw === undefined ? Buffer.from(name ?? '') : Buffer.from(name_raw, 'base64');
  // Names of the root directory's own entries may begin with ./ or /.
  return { kind: 'file', name: Buffer.from(raw.toString('latin1').replace(/^(\.?\/)+/, ''), 'latin1'), size };
}
