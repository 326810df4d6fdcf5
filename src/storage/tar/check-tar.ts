import { IntegrityError } from '../../base/errors.ts';
import { turns } from '../../base/turns.ts';
import { printablePath } from '../unpack/entry-path.ts';
import { type TarEntry, TarReader } from './tar-reader.ts';
import { TarSource } from './tar-source.ts';

const PIECE = 1 << 20;

/**
 * Reads an archive to its end, so that one that is damaged or cut off is refused before anything of it is written: throws
 * IntegrityError. `pull` hands out the next chunk.
 */
export async function checkTar(pull: () => Buffer | undefined): Promise<void> {
  const reader = new TarReader(new TarSource(pull), () => undefined);
  const turn = turns();
  let entry: TarEntry | undefined;
  try {
    for (entry = reader.next(); entry !== undefined; entry = reader.next()) {
      // `next` would read past the content, too, but without a turn for others.
      while (reader.content(PIECE) !== undefined) await turn();
      await turn();
    }
  } catch (error) {
    if (!(error instanceof IntegrityError) || entry === undefined) throw error;
    throw new IntegrityError(`${printablePath(entry.name)}: ${error.message}`, { cause: error });
  }
}
