import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { InvalidSpecError } from '../base/errors.ts';
import { lookUpImage, type ResolvedImage } from '../image/resolve.ts';
import type { ContainerPlan, PodPlan } from '../kube/plan.ts';
import { imageFor } from './create-container.ts';
import { currentDirectory } from './current-directory.ts';
import type { Engine } from './engine.ts';
import type { PlayHooks } from './play-kube.ts';

export interface BuildWish {
  /** Undefined: what is missing and has a directory; true: all that have one. */
  when: boolean | undefined;
  /** Where the directories named after images are. */
  directory: string;
}

const FILES = ['Containerfile', 'Dockerfile'];

/** All that a pod needs is fetched or built before anything of it is made. */
export async function playImages(
  engine: Engine,
  plan: PodPlan,
  wish: BuildWish,
  hooks: PlayHooks,
): Promise<void> {
  for (const container of plan.containers) {
    const { request } = container;
    if (await built(engine, request.image, wish, hooks)) request.options.pull = 'missing';
    const found = await imageFor(engine, request, hooks);
    completeUser(container, found);
  }
  const [first] = plan.containers;
  for (const volume of plan.volumes) {
    if (volume.type !== 'image') continue;
    const options = { ...first?.request.options, pull: volume.pull ?? 'missing' };
    await imageFor(engine, { options, image: volume.image, command: [] }, hooks);
  }
}

async function built(engine: Engine, image: string, wish: BuildWish, hooks: PlayHooks): Promise<boolean> {
  if (wish.when === false) return false;
  const directory = resolve(currentDirectory(), wish.directory, lastName(image));
  if (!FILES.some((file) => existsSync(join(directory, file)))) return false;
  if (wish.when !== true) {
    const found = await lookUpImage(engine.store.images, image, { shortNames: 'podman' });
    if (found !== undefined) return false;
  }
  await hooks.build(image, directory);
  return true;
}

/** `quay.io/team/web:1.2` is built in `web`. */
function lastName(image: string): string {
  const path = image.split('@')[0] ?? '';
  return (path.split('/').at(-1) ?? '').split(':')[0] ?? '';
}

/** What depends on the image's user. */
function completeUser({ request, group, nonRoot, path }: ContainerPlan, { image }: ResolvedImage): void {
  const user = image.config.config.user ?? '';
  const [name = ''] = user.split(':');
  if (group !== undefined) request.options.user = `${name === '' ? '0' : name}:${group}`;
  if (!nonRoot) return;
  if (/^[1-9]\d*$/.test(name)) return;
  throw new InvalidSpecError(
    `${path}.securityContext.runAsNonRoot: image ${request.image} has ${name === '' || name === '0' || name === 'root' ? 'root as its user' : `the user ${JSON.stringify(name)}, of whom nobody knows who it is`}`,
    { hint: 'add runAsUser' },
  );
}
