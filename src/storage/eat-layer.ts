import { closeSync, constants } from 'node:fs';
import { LayerContent, type LayerFilesContext, layerRecords } from './layer-content.ts';
import type { TarSplitRecord } from './tar/tar-split.ts';

/** Gives the room of a layer's files back, from the front of its tar on. To be closed. */
export interface LayerEater {
  /** Everything before that byte of the tar is no longer needed. */
  eat(before: number): void;
  close(): void;
}

/** For a layer whose tar is being unpacked once more: its files become holes while the new ones come. */
export function layerEater(context: LayerFilesContext, id: string): LayerEater {
  const content = new LayerContent(context, id);
  const records = layerRecords(context, id);
  let record: TarSplitRecord | undefined;
  let position = 0;
  let eaten = 0;
  return {
    eat(before) {
      while (eaten < before) {
        record ??= records.next().value ?? undefined;
        if (record === undefined || record.kind === 'end') return;
        const size = record.kind === 'literal' ? record.bytes.length : record.size;
        const end = Math.min(position + size, before);
        if (record.kind === 'content' && end > eaten) {
          const fd = content.open(record, constants.O_WRONLY);
          if (fd !== undefined) {
            try {
              context.system.punchHole(fd, record.offset + eaten - position, end - eaten);
            } finally {
              closeSync(fd);
            }
          }
        }
        eaten = end;
        if (eaten < position + size) return;
        position += size;
        record = undefined;
      }
    },
    close() {
      records.return();
      content.close();
    },
  };
}
