import { UnsupportedError, UsageError } from '../../../base/errors.ts';
import type { BuildOutput } from '../../../engine/build.ts';

/** `--output`: a directory, `-` for a tar on stdout, or `type=…,dest=…`. */
export function parseBuildOutput(text: string): BuildOutput {
  if (text === '-') return { type: 'tar', dest: '-' };
  if (!text.includes('=')) return { type: 'local', dest: text };
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    if (equals < 1)
      throw new UsageError(`invalid --output ${JSON.stringify(text)}: ${field} is not key=value`);
    fields.set(field.slice(0, equals).toLowerCase(), field.slice(equals + 1));
  }
  return make(fields, text);
}

function make(fields: ReadonlyMap<string, string>, text: string): BuildOutput {
  const type = fields.get('type') ?? 'local';
  const dest = fields.get('dest');
  const name = fields.get('name');
  for (const key of fields.keys())
    if (!['type', 'dest', 'name', 'push'].includes(key))
      throw new UnsupportedError(`${JSON.stringify(key)} of --output is not supported`);
  switch (type) {
    case 'local':
    case 'tar':
      if (dest === undefined || dest === '') throw new UsageError(`--output ${text} needs dest=`);
      return { type, dest };
    case 'oci':
    case 'docker':
      return { type, dest, name };
    case 'image':
    case 'registry':
      return { type: 'image', name, push: type === 'registry' || fields.get('push') === 'true' };
    default:
      throw new UsageError(
        `unsupported type ${JSON.stringify(type)} of --output: choose local, tar, oci, docker, image or registry`,
      );
  }
}
