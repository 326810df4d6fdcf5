import { InvalidSpecError, NotFoundError } from '../base/errors.ts';
import type { Engine } from './engine.ts';
import {
  inspectContainer,
  type InspectDocument,
  inspectMemo,
  type InspectMemo,
} from './inspect-container.ts';

export { inspectMemo };

export const INSPECT_TYPES = ['all', 'container', 'image', 'network', 'pod', 'volume'] as const;
export type InspectType = (typeof INSPECT_TYPES)[number];

export interface InspectAnyOptions {
  type: InspectType;
  size: boolean;
  /** Only an image for this one. */
  platform?: string | undefined;
  /** For several containers. */
  memo?: InspectMemo;
}

/** `all`: a container, image, volume, network or pod, in this order. Called as docker, docker's documents. Throws NotFoundError. */
export async function inspectAny(
  engine: Engine,
  name: string,
  options: InspectAnyOptions,
): Promise<InspectDocument> {
  const inspectors = engine.options.asDocker === true ? dockerInspectors : podmanInspectors;
  if (options.type !== 'all') return await inspectors[options.type](engine, name, options);
  for (const type of ['container', 'image', 'volume', 'network', 'pod'] as const) {
    try {
      return await inspectors[type](engine, name, options);
    } catch (error) {
      // What no image may be called, others may.
      const isNoImage = type === 'image' && error instanceof InvalidSpecError;
      if (!isNoImage && !(error instanceof NotFoundError)) throw error;
    }
  }
  throw new NotFoundError('container', name, {
    message: `no such object: ${JSON.stringify(name)}`,
    docker: `No such object: ${name}`,
  });
}

type Inspector = (engine: Engine, name: string, options: InspectAnyOptions) => Promise<InspectDocument>;
type Inspectors = Readonly<Record<Exclude<InspectType, 'all'>, Inspector>>;

/** What is not asked for is not loaded: nearly always it is a container. */
const podmanInspectors: Inspectors = {
  container: (engine, name, options) => inspectContainer(engine, name, options),
  image: async (engine, name, { platform }) =>
    (await import('./images.ts')).inspectImage(engine, name, platform),
  volume: async (engine, name) => (await import('./volumes.ts')).inspectVolume(engine, name),
  network: async (engine, name) => (await import('./networks.ts')).inspectNetwork(engine, name),
  pod: async (engine, name) => (await import('./inspect-pod.ts')).inspectPod(engine, name),
};

const dockerInspectors: Inspectors = {
  container: async (engine, name, options) =>
    (await import('./docker-container.ts')).dockerContainer(engine, name.replace(/^\//, ''), options),
  image: async (engine, name, { platform }) => {
    const { findImage } = await import('./images.ts');
    const { image } = await findImage(engine, name, platform);
    return (await import('./docker-image.ts')).dockerImage(engine, image);
  },
  volume: async (engine, name) => (await import('./volumes.ts')).dockerVolume(engine, name),
  network: async (engine, name) => (await import('./docker-network.ts')).dockerNetwork(engine, name),
  pod: podmanInspectors.pod,
};
