import { createHash } from 'node:crypto';
import { chmodSync, closeSync, createReadStream, openSync, utimesSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { IntegrityError, InvalidSpecError, messageOf, RegistryError } from '../base/errors.ts';
import type { FetchedUrl } from '../image/fetch-url.ts';
import { withUnpacked } from './add-archive.ts';
import type { Build } from './build.ts';
import { cacheKey } from './cache-rows.ts';
import type { CopyPart } from './copy-parts.ts';
import { nameBytes, openRoot } from './in-root.ts';
import type { AddInstruction } from './instruction.ts';
import { hideCredentials } from './hide-credentials.ts';
import { listSources } from './source-tree.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { literalPattern } from './wildcard.ts';

interface Download {
  directory: string;
  digest: string;
}

/** A file from the web. With a checksum it is only fetched when the cache does not have the step. */
export async function webPart(build: Build, instruction: AddInstruction, address: string): Promise<CopyPart> {
  const name = fileName(address, instruction.destination);
  let fetched: Promise<Download> | undefined;
  const fetchOnce = (): Promise<Download> => {
    fetched ??= download(build, { address, name, checksum: instruction.checksum });
    return fetched;
  };
  const digest = instruction.checksum?.replace(/^sha256:/, '') ?? (await fetchOnce()).digest;
  const unpack = instruction.unpack === true;
  return {
    digest: cacheKey('web', name, digest),
    kind: 'file',
    keepsOwners: unpack,
    unpack,
    async withFiles(use) {
      const { directory } = await fetchOnce();
      if (unpack) {
        await withUnpacked(build, createReadStream(join(directory, name)), use);
        return;
      }
      const { syscalls } = build.host;
      const root = openRoot(syscalls, directory);
      try {
        const tree = { directory, root, ignored: undefined, label: hideCredentials(address) };
        const sources = [literalPattern(name)];
        await use(tree, await listSources(syscalls, tree, { sources, parents: false, excluded: undefined }));
      } finally {
        closeSync(root);
      }
    },
  };
}

function fileName(address: string, destination: string): string {
  const path = new URL(address).pathname;
  const name = decoded(path.slice(path.lastIndexOf('/') + 1));
  if (name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name)) return name;
  if (destination.endsWith('/'))
    throw new InvalidSpecError(`cannot tell a file name from ${hideCredentials(address)}`, {
      hint: 'let the destination be the name of a file',
    });
  return nameBytes('download');
}

/** As it stands where it is not well encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

interface DownloadWish {
  address: string;
  name: string;
  checksum: string | undefined;
}

async function download(build: Build, wish: DownloadWish): Promise<Download> {
  const { address, name } = wish;
  const directory = temporaryDirectory(build.host, 'download');
  build.atEnd.push(() => build.host.syscalls.removeTree(directory));
  const { fetchUrl } = await import('../image/fetch-url.ts');
  const answer = await fetchUrl(new URL(address), build.signal);
  const path = join(directory, name);
  const digest = await save(build, { answer, path, address }).finally(() => answer.close());
  if (wish.checksum !== undefined && wish.checksum !== `sha256:${digest}`)
    throw new IntegrityError(
      `${hideCredentials(address)} has the digest sha256:${digest} instead of ${wish.checksum}`,
    );
  chmodSync(path, 0o600);
  const modified = Date.parse(String(answer.headers['last-modified'] ?? ''));
  const seconds = Number.isNaN(modified) ? 0 : modified / 1000;
  utimesSync(path, seconds, seconds);
  return { directory, digest };
}

async function save(
  build: Build,
  { answer, path, address }: { answer: FetchedUrl; path: string; address: string },
): Promise<string> {
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  const total = Number.isFinite(length) ? length : undefined;
  const hash = createHash('sha256');
  const fd = openSync(path, 'wx', 0o600);
  let current = 0;
  try {
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      hash.update(chunk);
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
      current += chunk.length;
      build.progress({ kind: 'fetch', url: hideCredentials(address), current, total });
    }
  } catch (cause) {
    throw new RegistryError(`fetching ${hideCredentials(address)} broke off: ${messageOf(cause)}`, { cause });
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}
