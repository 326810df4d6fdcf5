import type { CommandRecord } from '../command.ts';
import { quickCommands } from './quick.ts';
import { autoUpdateRecords } from './records/auto-update.ts';
import { buildRecords } from './records/build.ts';
import { builderRecords } from './records/builder.ts';
import { checkpointRecords } from './records/checkpoint.ts';
import { composeRecords } from './records/compose.ts';
import { containerCheckpointRecords } from './records/container-checkpoint.ts';
import { containerCloneRecords } from './records/container-clone.ts';
import { containerFilesRecords } from './records/container-files.ts';
import { contextRecords } from './records/context.ts';
import { generateRecords } from './records/generate.ts';
import { healthcheckRecords } from './records/healthcheck.ts';
import { imageRecords } from './records/image.ts';
import { imageTransferRecords } from './records/image-transfer.ts';
import { imageTrustRecords } from './records/image-trust.ts';
import { kubeRecords } from './records/kube.ts';
import { manifestRecords } from './records/manifest.ts';
import { networkRecords } from './records/network.ts';
import { podRecords } from './records/pod.ts';
import { quadletRecords } from './records/quadlet.ts';
import { registryRecords } from './records/registry.ts';
import { rootlessRecords } from './records/rootless.ts';
import { secretRecords } from './records/secret.ts';
import { systemRecords } from './records/system.ts';
import { systemWatchRecords } from './records/system-watch.ts';
import { volumeRecords } from './records/volume.ts';

/** Every command there is: what is not here does not exist, whoever asks (parser, help, completion, man pages). */
export const commands: readonly CommandRecord[] = [
  ...quickCommands,
  ...autoUpdateRecords,
  ...buildRecords,
  ...builderRecords,
  ...checkpointRecords,
  ...containerCheckpointRecords,
  ...containerCloneRecords,
  ...containerFilesRecords,
  ...generateRecords,
  ...healthcheckRecords,
  ...imageRecords,
  ...imageTransferRecords,
  ...imageTrustRecords,
  ...kubeRecords,
  ...manifestRecords,
  ...networkRecords,
  ...podRecords,
  ...quadletRecords,
  ...registryRecords,
  ...rootlessRecords,
  ...secretRecords,
  ...systemRecords,
  ...systemWatchRecords,
  ...composeRecords,
  ...contextRecords,
  ...volumeRecords,
];
