import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, messageOf } from '../base/errors.ts';
import { listBuildContainers, listContainers } from '../libpod/container.ts';
import { networkContext } from '../libpod/network-context.ts';
import { removeContainer } from '../libpod/remove.ts';
import { killByBundle, processesByBundle, waitForProcessesOf } from '../libpod/unknown-processes.ts';
import { MNT_DETACH } from '../native/syscalls.ts';
import { networkPlaces } from '../network/context.ts';
import { undefineNetwork } from '../network/define-network.ts';
import { listNetworks } from '../network/network-store.ts';
import { removeDefaultBridge } from '../network/reset.ts';
import { reconcileNetworks } from '../network/teardown.ts';
import { isAloneInNamespace, isRootless, stopPauseProcess } from '../rootless/namespace.ts';
import { readEvents } from '../state/events.ts';
import type { Engine } from './engine.ts';

/**
 * Ends all containers and empties graph root and run root; what lies on other file systems, or behind links, stays. A damaged database
 * is no obstacle. Returns what could not be done, one sentence each.
 */
export async function systemReset(engine: Engine): Promise<string[]> {
  const troubles: string[] = [];
  const attempt = async (what: string, work: () => Promise<unknown> | unknown): Promise<void> => {
    try {
      await work();
    } catch (error) {
      troubles.push(`${what}: ${messageOf(error)}`);
    }
  };
  const running = processesByBundle(engine);
  const ids = await removeContainers(engine, attempt);
  // What the database does not know of, or all of it when it is damaged.
  for (const processes of processesByBundle(engine))
    await attempt(`cannot end container ${processes.id}`, () => killByBundle(engine, processes));
  // A clean-up that a monitor has started would make a new database.
  await waitForProcessesOf([...ids, ...running.map(({ id }) => id)]);
  await attempt('cannot remove networks', async () => {
    const context = { ...networkContext(engine, 'reset'), isLive: () => false };
    await reconcileNetworks(context);
    await removeDefaultBridge(context);
  });
  await attempt('cannot remove definitions of networks', () => removeOwnNetworks(engine));
  engine.close();
  // Other commands and containers of the user, in other roots, go on in the namespace that it keeps.
  if (isRootless() && isAloneInNamespace()) await attempt('cannot end the pause process', stopPauseProcess);
  for (const root of [engine.paths.graphRoot, engine.paths.runRoot]) {
    detachBelow(engine, root, troubles);
    try {
      await emptyDirectory(engine, root);
    } catch (error) {
      const { explainUnmapped } = await import('./unmapped-owner.ts');
      troubles.push(`cannot empty ${root}: ${explainUnmapped(root, error) ?? messageOf(error)}`);
    }
  }
  return troubles;
}

/**
 * Definitions of networks are shared with podman, and with other roots: only those go that this one has made, by what it has recorded.
 * Those of a user lie in the graph root.
 */
async function removeOwnNetworks(engine: Engine): Promise<void> {
  const context = networkContext(engine, 'reset');
  const made = networksMade(engine);
  for (const { id } of made.size === 0 ? [] : listNetworks(networkPlaces(context)))
    if (made.has(id)) await undefineNetwork(context, id, () => undefined);
}

/** Their ids, which nobody else can have given; none where the database cannot be read. */
function networksMade(engine: Engine): Set<string> {
  try {
    const events = readEvents(engine.db, 0).filter(
      ({ kind, action }) => kind === 'network' && action === 'create',
    );
    return new Set(events.map(({ objectId }) => objectId));
  } catch {
    return new Set();
  }
}

type Attempt = (what: string, work: () => Promise<unknown> | unknown) => Promise<void>;

async function removeContainers(engine: Engine, attempt: Attempt): Promise<string[]> {
  let ids: { id: string; name: string }[];
  try {
    ids = [...listContainers(engine.db), ...listBuildContainers(engine.db)].map(({ id, name }) => ({
      id,
      name,
    }));
  } catch {
    // Damaged, or written by a newer version: its files go all the same.
    return [];
  }
  for (const { id, name } of ids)
    await attempt(`cannot remove container ${name}`, () =>
      removeContainer(engine, id, { force: true, dependents: true, volumes: true, stopTimeout: 0 }),
    );
  return ids.map(({ id }) => id);
}

/** Mounts below the directory, not the directory itself: it may be a file system of its own. */
function detachBelow(engine: Engine, directory: string, troubles: string[]): void {
  let base: string;
  try {
    base = realpathSync(directory);
  } catch {
    return;
  }
  const targets = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescapeMount(line.split(' ')[4] ?? ''))
    .filter((target) => target.startsWith(`${base}/`));
  // Later mounts are on top of earlier ones.
  for (const target of targets.reverse()) {
    try {
      engine.syscalls.umount(target, MNT_DETACH);
    } catch (error) {
      const code = errnoOf(error);
      if (code !== 'EINVAL' && code !== 'ENOENT')
        troubles.push(`cannot unmount ${target}: ${messageOf(error)}`);
    }
  }
}

/** The kernel writes blanks and the like as octal numbers. */
function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

async function emptyDirectory(engine: Engine, directory: string): Promise<void> {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  // As much as goes: what comes first may belong to somebody else.
  let failure: unknown;
  for (const name of names) {
    try {
      await engine.syscalls.removeTree(join(directory, name));
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
}
