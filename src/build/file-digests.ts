import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { turns } from '../base/turns.ts';
import type { RawStat } from '../native/syscalls.ts';
import { type Database, statement, transaction } from '../state/db.ts';

const CHUNK_BYTES = 1 << 20;
/** A file that was changed this short a time ago may be changed again without its times telling. */
const SETTLED_MS = 2000;
/** While they are written, nobody else writes, nor does this process anything else. */
const ROWS_AT_ONCE = 1000;

/** Digests of files' contents; a file that is as it was is not read again. */
export class FileDigests {
  readonly #db: Database;
  readonly #fresh: [dev: string, ino: string, facts: string, digest: string][] = [];

  constructor(db: Database) {
    this.#db = db;
  }

  /** `open` is called only when the file has to be read; the caller closes what it has opened. */
  async of(stat: RawStat, open: () => number): Promise<string> {
    const dev = String(stat.dev);
    const ino = String(stat.ino);
    const facts = `${stat.size} ${stat.mtimeSec}.${stat.mtimeNsec} ${stat.ctimeSec}.${stat.ctimeNsec}`;
    const known = statement(
      this.#db,
      'SELECT digest FROM file_digests WHERE dev = ? AND ino = ? AND facts = ?',
    )
      .pluck()
      .get(dev, ino, facts);
    if (typeof known === 'string') return known;
    const digest = await digestOf(open(), stat.size);
    if (Date.now() - stat.ctimeSec * 1000 > SETTLED_MS) this.#fresh.push([dev, ino, facts, digest]);
    return digest;
  }

  /** Keeps what was learned. */
  async flush(): Promise<void> {
    const turn = turns();
    const insert = statement(
      this.#db,
      'INSERT OR REPLACE INTO file_digests (dev, ino, facts, digest) VALUES (?, ?, ?, ?)',
    );
    while (this.#fresh.length > 0) {
      const rows = this.#fresh.splice(0, ROWS_AT_ONCE);
      transaction(
        this.#db,
        () => {
          for (const row of rows) insert.run(...row);
        },
        false,
      );
      await turn();
    }
  }
}

async function digestOf(fd: number, size: number): Promise<string> {
  const hash = createHash('sha256');
  const turn = turns();
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, Math.max(4096, size + 1)));
  for (let at = 0; ; ) {
    const got = readSync(fd, buffer, 0, buffer.length, at);
    if (got === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, got));
    at += got;
    await turn();
  }
}
