import type { ContainerRecord } from '../../../engine/containers.ts';
import type { Engine } from '../../../engine/engine.ts';
import { removeImages } from '../../../engine/images.ts';
import { printError } from '../../output/print.ts';

/** `--rmi`: gone with its last container. */
export async function removeImageOf(engine: Engine, record: ContainerRecord): Promise<void> {
  const { errors } = await removeImages(engine, [record.imageName || (record.imageId ?? '')], {
    force: false,
    ignore: true,
  });
  for (const error of errors) printError(`Error: ${error.message}`);
}
