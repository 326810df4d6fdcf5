import { familiarName, type ImageRecord, inspectImage } from './images.ts';
import type { Engine } from './engine.ts';

/** docker's document of an image, as `docker image inspect` and its API show it. */
export async function dockerImage(engine: Engine, image: ImageRecord): Promise<Record<string, unknown>> {
  const document = await inspectImage(engine, image.id);
  const { config } = image;
  const run = config.config;
  const parent = String(document['Parent']);
  return {
    Id: `sha256:${image.id}`,
    RepoTags: image.names.map(familiarName),
    RepoDigests: image.repoDigests.map(familiarName),
    Parent: parent === '' ? '' : `sha256:${parent}`,
    Comment: document['Comment'],
    Created: config.created ?? '',
    DockerVersion: document['Version'],
    Author: document['Author'],
    Config: {
      Hostname: '',
      Domainname: '',
      AttachStdin: false,
      AttachStdout: false,
      AttachStderr: false,
      Tty: false,
      OpenStdin: false,
      StdinOnce: false,
      Image: '',
      ...(document['Config'] as object),
      User: run.user,
      Env: run.env.length === 0 ? null : run.env,
      Cmd: run.cmd ?? null,
      Entrypoint: run.entrypoint ?? null,
      Volumes: (document['Config'] as Record<string, unknown>)['Volumes'] ?? null,
      WorkingDir: run.workingDir,
      OnBuild: run.onBuild.length === 0 ? null : run.onBuild,
      Labels: Object.keys(run.labels).length === 0 ? null : run.labels,
      ...(run.shell === undefined ? {} : { Shell: run.shell }),
      ...(document['Healthcheck'] === undefined ? {} : { Healthcheck: document['Healthcheck'] }),
    },
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    Size: image.size,
    VirtualSize: image.size,
    GraphDriver: document['GraphDriver'],
    RootFS: document['RootFS'],
    Metadata: { LastTagTime: '0001-01-01T00:00:00Z' },
  };
}
