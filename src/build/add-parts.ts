import { archivePart, sortArchives } from './add-archive.ts';
import { gitPart } from './add-git.ts';
import { webPart } from './add-web.ts';
import type { Build, StepPlace } from './build.ts';
import { type CopyPart, partOf } from './copy-parts.ts';
import { parseContextSource } from './context-source.ts';
import type { AddInstruction } from './instruction.ts';
import { findTree } from './open-tree.ts';

/** What ADD can do and COPY cannot: addresses are fetched, local archives unpacked. */
export async function addParts(
  build: Build,
  place: StepPlace,
  instruction: AddInstruction,
): Promise<CopyPart[]> {
  const parts: CopyPart[] = [];
  const local: string[] = [];
  for (const source of instruction.sources) {
    const meant = parseContextSource(source);
    if (meant.kind === 'git') parts.push(await gitPart(build, instruction, meant));
    else if (meant.kind === 'url') parts.push(await webPart(build, instruction, source));
    else local.push(source);
  }
  if (local.length === 0) return parts;
  const tree = await findTree(build, undefined, place.state.platform);
  const { plain, archives } =
    instruction.unpack === false ? { plain: local, archives: [] } : await sortArchives(build, tree, local);
  if (plain.length > 0)
    parts.push(
      await partOf(build, tree, { instruction: { ...instruction, sources: plain }, keepsOwners: false }),
    );
  for (const path of archives) parts.push(await archivePart(build, tree, path));
  return parts;
}
