import { closeSync } from 'node:fs';
import { posix } from 'node:path';
import { resolveUser } from '../oci/user.ts';
import { addParts } from './add-parts.ts';
import type { Build, StepPlace } from './build.ts';
import { cacheKey } from './cache-rows.ts';
import { modeChange } from './change-mode.ts';
import { copyInto } from './copy-into.ts';
import { type CopyPart, partOf } from './copy-parts.ts';
import { heredocTree } from './heredoc-tree.ts';
import { nameBytes, openRoot } from './in-root.ts';
import type { AddInstruction, CopyInstruction, CopySources } from './instruction.ts';
import type { LayerStep } from './layer-step.ts';
import { resolveSource } from './make-plan.ts';
import { copyLinked } from './link-copy.ts';
import { modifiedAt } from './modified-at.ts';
import { findTree } from './open-tree.ts';
import { chainOf, textOf } from './stage-state.ts';
import { openWorkingContainer } from './working-container.ts';

export interface CopyStep {
  step: LayerStep;
  /** For the history: `file:<digest>`, `dir:<digest>`, `multi:<digest>`. */
  summary: string;
}

export async function copyStep(
  build: Build,
  place: StepPlace,
  instruction: CopyInstruction | AddInstruction,
): Promise<CopyStep> {
  const parts: CopyPart[] = [];
  if (instruction.keyword === 'ADD') parts.push(...(await addParts(build, place, instruction)));
  else if (instruction.sources.length > 0) parts.push(await copyPart(build, place, instruction));
  if (instruction.files.length > 0) parts.push(heredocTree(build, instruction));
  return combine(build, place, { instruction, parts });
}

async function copyPart(build: Build, place: StepPlace, instruction: CopyInstruction): Promise<CopyPart> {
  const { from } = instruction;
  const source = from === undefined ? undefined : resolveSource(build.plan, place.stage.index, from);
  const tree = await findTree(build, source, place.state.platform);
  return partOf(build, tree, { instruction, keepsOwners: tree.chain !== undefined });
}

function combine(
  build: Build,
  place: StepPlace,
  { instruction, parts }: { instruction: CopySources & { keyword: string }; parts: readonly CopyPart[] },
): CopyStep {
  const { state } = place;
  const { chown, chmod, link } = instruction;
  const destination = absolute(textOf(state.run, 'WorkingDir'), instruction.destination);
  const [only, ...others] = parts;
  const summary =
    only !== undefined && others.length === 0
      ? `${only.kind}:${only.digest}`
      : `multi:${cacheKey(...parts.map(({ digest }) => digest))}`;
  const described = parts.map(({ digest, kind, keepsOwners, unpack }) => [
    digest,
    kind,
    keepsOwners,
    unpack === true,
  ]);
  const facts = [described, destination, chown ?? null, chmod ?? null, modifiedAt(build) ?? null];
  const job = { destination, chown, chmod, parts };
  const description = `${instruction.keyword} ${summary} in ${instruction.destination}`;
  const step: LayerStep = {
    key: cacheKey('copy', chainOf(state.top), ...facts, ...(link ? ['link'] : [])),
    description,
    isTold: chown === undefined && chmod === undefined && modifiedAt(build) === undefined && !link,
    perform: () => (link ? performLinked() : copyAll(build, state.top?.id, job)),
  };
  const performLinked = async () => {
    // A name is one of the stage's users, whose files the layer itself does not have.
    const owner = chown === undefined ? undefined : await ownerInStage(build, state.top?.id, chown);
    const numbers = owner && `${owner.uid}:${owner.gid}`;
    return await copyLinked(build, place, {
      parts: [described, destination, numbers ?? null, chmod ?? null, modifiedAt(build) ?? null],
      description: `${description} (linked)`,
      perform: () => copyAll(build, undefined, { ...job, chown: numbers }),
    });
  };
  return { step, summary };
}

async function ownerInStage(build: Build, topLayerId: string | undefined, chown: string) {
  const container = await openWorkingContainer(build.host, topLayerId);
  try {
    return ownerOf(await container.mount(), chown, build.host.syscalls);
  } finally {
    await container.close();
  }
}

/** A slash at the end is kept. */
function absolute(workingDirectory: string, path: string): string {
  const joined = posix.resolve('/', workingDirectory, path);
  return /(?:^|\/)\.{0,2}$/.test(path) && joined !== '/' ? `${joined}/` : joined;
}

interface CopyJob {
  destination: string;
  chown: string | undefined;
  chmod: string | undefined;
  parts: readonly CopyPart[];
}

async function copyAll(build: Build, topLayerId: string | undefined, job: CopyJob) {
  const { host } = build;
  const { syscalls } = host;
  const container = await openWorkingContainer(host, topLayerId);
  try {
    const rootfs = await container.mount();
    const owner = job.chown === undefined ? undefined : ownerOf(rootfs, job.chown, syscalls);
    const mode = job.chmod === undefined ? undefined : modeChange(job.chmod);
    const root = openRoot(syscalls, rootfs);
    try {
      for (const part of job.parts) {
        const ownerOfPart = owner ?? (part.keepsOwners ? undefined : { uid: 0, gid: 0 });
        await part.withFiles(async (tree, listing) => {
          const severalParts = job.parts.length > 1 && !job.destination.endsWith('/');
          const destination = nameBytes(severalParts ? `${job.destination}/` : job.destination);
          await copyInto(syscalls, root, { tree, listing, destination, owner: ownerOfPart, mode });
        });
      }
    } finally {
      closeSync(root);
    }
    return await container.commit({ modifiedAt: modifiedAt(build) });
  } finally {
    await container.close();
  }
}

/** Without a group it is the one that the image has for the user. */
function ownerOf(
  rootfs: string,
  chown: string,
  syscalls: Build['host']['syscalls'],
): { uid: number; gid: number } {
  const { uid, gid } = resolveUser({ rootfs, user: chown, groupAdd: [], syscalls });
  return { uid, gid };
}
