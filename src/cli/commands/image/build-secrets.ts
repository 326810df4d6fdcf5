import { existsSync } from 'node:fs';
import { NotFoundError, UsageError } from '../../../base/errors.ts';
import type { BuildSecret, SshSource } from '../../../engine/build.ts';

/** `--secret id=ID[,src=PATH|env=NAME][,type=file|env]`; without either it is a variable or a file of the id's name. */
export function parseBuildSecret(text: string): BuildSecret {
  const fields = new Map<string, string>();
  for (const field of text.split(',')) {
    const equals = field.indexOf('=');
    const key = ALIASES[field.slice(0, Math.max(0, equals))] ?? field.slice(0, Math.max(0, equals));
    if (!KEYS.has(key))
      throw new UsageError(`invalid --secret: ${JSON.stringify(field)} is none of id=, src=, env=`);
    fields.set(key, field.slice(equals + 1));
  }
  const id = fields.get('id') ?? '';
  if (id === '') throw new UsageError('invalid --secret: it has no id');
  const type = fields.get('type');
  const source = fields.get('src');
  const env = fields.get('env') ?? (type === 'env' ? (source ?? id) : undefined);
  if (env !== undefined) return fromVariable(id, env);
  if (source === undefined && type === undefined && process.env[id] !== undefined)
    return fromVariable(id, id);
  const file = source ?? id;
  if (!existsSync(file))
    throw new NotFoundError('secret', id, { message: `secret ${id}: there is no file ${file}` });
  return { id, file };
}

const ALIASES: Readonly<Record<string, string>> = { source: 'src' };
const KEYS: ReadonlySet<string> = new Set(['id', 'src', 'env', 'type']);

function fromVariable(id: string, env: string): BuildSecret {
  if (process.env[env] === undefined)
    throw new NotFoundError('secret', id, { message: `secret ${id}: the variable ${env} is not set` });
  return { id, env };
}

/** `--ssh default`, `--ssh id=SOCKET`, `--ssh id=KEY,KEY`. */
export function parseSshSource(text: string): SshSource {
  const equals = text.indexOf('=');
  const id = equals < 0 ? text : text.slice(0, equals);
  if (id === '') throw new UsageError('invalid --ssh: it has no id');
  const paths = equals < 0 ? [] : text.slice(equals + 1).split(',');
  if (paths.length === 0 && !process.env['SSH_AUTH_SOCK'])
    throw new UsageError(`--ssh ${text}: SSH_AUTH_SOCK is not set`, {
      hint: 'start an agent, or name a socket or a key: --ssh default=~/.ssh/id_ed25519',
    });
  for (const path of paths)
    if (!existsSync(path)) throw new UsageError(`--ssh ${id}: there is no file ${path}`);
  return { id, paths };
}
