import { randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { NotFoundError } from '../../base/errors.ts';
import {
  checkpointContainer,
  type CheckpointRequest,
  requireCheckpointing,
} from '../../engine/checkpoint-container.ts';
import { archiveIn, findCheckpointImage } from '../../engine/checkpoint-image.ts';
import { findContainer } from '../../engine/containers.ts';
import {
  importContainer,
  requireRestoring,
  restoreContainer,
  type RestoreRequest,
} from '../../engine/restore-container.ts';
import { namedContainer } from '../compat/named-container.ts';
import type { Exchange, Handler } from '../exchange.ts';
import { sendJson, sendStream } from '../respond.ts';
import { uploaded, uploadOf } from '../uploaded.ts';

/** The report, or with `export` the archive. */
export const checkpoint: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const record = namedContainer(exchange);
  const request: CheckpointRequest = {
    leaveRunning: query.flag('leaveRunning'),
    tcpEstablished: query.flag('tcpEstablished'),
    fileLocks: query.flag('fileLocks'),
    preCheckpoint: query.flag('preCheckpoint'),
    withPrevious: query.flag('withPrevious'),
    keep: query.flag('keep'),
    statistics: query.flag('printStats'),
    ignoreRootfs: query.flag('ignoreRootFS'),
    ignoreVolumes: query.flag('ignoreVolumes'),
  };
  await requireCheckpointing(request);
  if (!query.flag('export')) {
    sendJson(exchange, 200, await checkpointContainer(engine, record, request));
    return;
  }
  mkdirSync(engine.paths.temporary, { recursive: true, mode: 0o700 });
  const path = join(engine.paths.temporary, `checkpoint-export-${process.pid}-${randomUUID()}`);
  try {
    await checkpointContainer(engine, record, { ...request, archive: { path, compression: 'zstd' } });
    const answer = sendStream(exchange, 'application/x-tar');
    for await (const chunk of createReadStream(path)) await answer.write(chunk as Buffer);
    answer.end();
  } finally {
    rmSync(path, { force: true });
  }
};

/** With `import` of the archive in the body; of an image when the name is no container's. */
export const restore: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const request = requestFrom(exchange);
  if (query.flag('import')) {
    await requireRestoring(request);
    const source = { archive: uploadOf(exchange) };
    sendJson(exchange, 200, await uploaded(importContainer(engine, source, request, hooks)));
    return;
  }
  const name = exchange.params['id'] ?? '';
  const isImage =
    findContainer(engine.db, name) === undefined && (await findCheckpointImage(engine, name)) !== undefined;
  const record = isImage ? undefined : namedContainer(exchange);
  await requireRestoring(request);
  const result =
    record === undefined
      ? await importContainer(engine, { archive: await archiveIn(engine, name) }, request, hooks)
      : await restoreContainer(engine, record, request);
  sendJson(exchange, 200, result);
};

function requestFrom({ query }: Exchange): RestoreRequest {
  return {
    tcpEstablished: query.flag('tcpEstablished'),
    tcpClose: query.flag('tcpClose'),
    fileLocks: query.flag('fileLocks'),
    keep: query.flag('keep'),
    statistics: query.flag('printStats'),
    ignoreStaticIp: query.flag('ignoreStaticIP'),
    ignoreStaticMac: query.flag('ignoreStaticMAC'),
    ignoreRootfs: query.flag('ignoreRootFS'),
    ignoreVolumes: query.flag('ignoreVolumes'),
    name: query.text('name'),
    pod: query.text('pod'),
    publish: query.list('publishPorts'),
  };
}

/** Nobody pulls for a client that does not see it. */
const hooks = {
  pull: (image: string) => {
    throw new NotFoundError('image', image, { message: `No such image: ${image}` });
  },
  warn: () => undefined,
};
