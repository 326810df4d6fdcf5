import { closeSync } from 'node:fs';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { InvalidSpecError } from '../base/errors.ts';
import { partOf } from '../image/archive-files.ts';
import { unpacked } from '../image/open-archive.ts';
import { spool } from '../image/spool.ts';
import { indexTar } from '../image/tar-index.ts';
import { QUADLET_TYPES } from '../systemd/quadlet-files.ts';
import { checkedSources, type SourceFile, type Sources, splitBundles } from './quadlet-sources.ts';

/** The files of a tar, compressed or not, wherever in it they are; `temporary` is a directory for it. */
export async function filesOfTar(bytes: Buffer, temporary: string): Promise<SourceFile[]> {
  const fd = await spool(await unpacked(Readable.from([bytes]), { temporary }), { temporary });
  try {
    return [...indexTar(fd)].map(([name, { offset, size }]) => ({
      name: basename(name),
      data: Buffer.concat([...partOf(fd, { offset, size, name })]),
    }));
  } finally {
    closeSync(fd);
  }
}

/** What is sent at once is installed and removed as one; the first Quadlet file names it. InvalidSpecError when there is none. */
export function uploadedSources(sent: readonly SourceFile[]): Sources {
  if (sent.length === 0) throw new InvalidSpecError('there are no files in the request');
  // A name with a dot in front would be a list of what was installed together.
  const odd = sent.find(({ name }) => !/^[^./\0][^/\0]*$/.test(name));
  if (odd !== undefined) throw new InvalidSpecError(`${JSON.stringify(odd.name)} is no name of a file`);
  const files = sent.flatMap((file) => splitBundles(file, file.name));
  const first = files.find(({ name }) => QUADLET_TYPES.test(name));
  if (first === undefined) throw new InvalidSpecError('there is no Quadlet file in the request');
  return checkedSources([first, ...files.filter((file) => file !== first)], first.name);
}
