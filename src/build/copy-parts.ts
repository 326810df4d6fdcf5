import type { Build } from './build.ts';
import { cacheKey, findValue, keepValue } from './cache-rows.ts';
import { makeIgnoreMatcher } from './ignore-file.ts';
import type { CopySources } from './instruction.ts';
import type { TreeSource } from './open-tree.ts';
import { digestListing } from './source-digest.ts';
import { listSources, type SourceListing, type SourceTree, type SourceWish } from './source-tree.ts';

/** One set of files for the destination. */
export interface CopyPart {
  digest: string;
  kind: 'file' | 'dir' | 'multi';
  keepsOwners: boolean;
  /** Hands the files out; they are gone when `use` is done. */
  withFiles(use: (tree: SourceTree, listing: SourceListing) => void | Promise<void>): Promise<void>;
  /** It is an archive to be unpacked. */
  unpack?: boolean;
}

/** Files of a tree: their digest is taken now, the tree is opened again when they are copied. */
export async function partOf(
  build: Build,
  source: TreeSource,
  use: { instruction: CopySources; keepsOwners: boolean },
): Promise<CopyPart> {
  const { instruction, keepsOwners } = use;
  const { sources, excludes, parents } = instruction;
  const wish: SourceWish = {
    sources,
    parents,
    excluded: excludes.length === 0 ? undefined : makeIgnoreMatcher(excludes, '--exclude'),
  };
  const known =
    source.chain === undefined ? undefined : cacheKey('content', source.chain, sources, excludes, parents);
  const withFiles: CopyPart['withFiles'] = async (take) => {
    const tree = await source.open();
    try {
      await take(tree, await listSources(build.host.syscalls, tree, wish));
    } finally {
      await tree.close();
    }
  };
  const remembered = known === undefined ? undefined : findValue(build.host, known);
  if (known !== undefined && remembered !== undefined) {
    build.usedKeys.push(known);
    const [kind, digest] = remembered.split(':');
    return { digest: digest ?? '', kind: kindOf(kind), keepsOwners, withFiles };
  }
  let result: Pick<CopyPart, 'digest' | 'kind'> = { digest: '', kind: 'multi' };
  await withFiles(async (tree, listing) => {
    const { digests, host } = build;
    result = {
      digest: await digestListing(host.syscalls, tree, listing, {
        digests,
        options: { owners: keepsOwners },
      }),
      kind: listing.isSingleFile ? 'file' : listing.roots === 1 ? 'dir' : 'multi',
    };
  });
  if (known !== undefined)
    keepValue(build.host, known, {
      kind: 'content',
      value: `${result.kind}:${result.digest}`,
      description: sources.join(' '),
    });
  return { ...result, keepsOwners, withFiles };
}

function kindOf(text: string | undefined): CopyPart['kind'] {
  return text === 'file' || text === 'dir' ? text : 'multi';
}
