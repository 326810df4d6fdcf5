import { InvalidSpecError } from '../base/errors.ts';
import type { IdMapping } from './id-maps.ts';

/** What `--userns` asks for. */
export type UsernsMode =
  | { mode: 'host' | 'private' | 'nomap' }
  | { mode: 'keep-id'; uid: number | undefined; gid: number | undefined; size: number | undefined }
  | { mode: 'auto'; size: number | undefined; uids: IdMapping[]; gids: IdMapping[] }
  | { mode: 'container'; container: string }
  | { mode: 'ns'; path: string };

export function parseUsernsMode(text: string): UsernsMode {
  const colon = text.indexOf(':');
  const word = colon === -1 ? text : text.slice(0, colon);
  const rest = colon === -1 ? undefined : text.slice(colon + 1);
  switch (word) {
    case 'host':
    case 'private':
    case 'nomap':
      if (rest === undefined) return { mode: word };
      break;
    case 'keep-id':
      return parseKeepId(rest ?? '');
    case 'auto':
      return parseAuto(rest ?? '');
    case 'container':
      if (rest) return { mode: 'container', container: rest };
      break;
    case 'ns':
      if (rest?.startsWith('/')) return { mode: 'ns', path: rest };
      throw new InvalidSpecError(`--userns ns: needs an absolute path, got "${rest ?? ''}"`);
  }
  throw new InvalidSpecError(`unrecognized namespace mode "${text}" for --userns`, {
    hint: 'use host, keep-id, nomap, auto, private, container:NAME or ns:PATH',
  });
}

function parseKeepId(text: string): UsernsMode {
  const result: UsernsMode = { mode: 'keep-id', uid: undefined, gid: undefined, size: undefined };
  for (const [name, value] of optionsOf(text)) {
    if (name !== 'uid' && name !== 'gid' && name !== 'size')
      throw new InvalidSpecError(`unknown option "${name}" of --userns keep-id: use uid=, gid= or size=`);
    result[name] = parseNumber(value, `--userns keep-id:${name}`, name === 'size' ? 1 : 0);
  }
  return result;
}

function parseAuto(text: string): UsernsMode {
  const result: UsernsMode = { mode: 'auto', size: undefined, uids: [], gids: [] };
  for (const [name, value] of optionsOf(text)) {
    if (name === 'size') result.size = parseNumber(value, '--userns auto:size', 1);
    else if (name === 'uidmapping') result.uids.push(parseMapping(value));
    else if (name === 'gidmapping') result.gids.push(parseMapping(value));
    else
      throw new InvalidSpecError(
        `unknown option "${name}" of --userns auto: use size=, uidmapping= or gidmapping=`,
      );
  }
  return result;
}

function optionsOf(text: string): [name: string, value: string][] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const [name = '', ...value] = part.split('=');
      return [name, value.join('=')];
    });
}

/** `CONTAINER_ID:HOST_ID:SIZE` */
function parseMapping(text: string): IdMapping {
  const [containerId, hostId, size, ...rest] = text.split(':');
  if (rest.length > 0 || hostId === undefined)
    throw new InvalidSpecError(`invalid mapping "${text}": must be container-id:host-id:size`);
  return {
    containerId: parseNumber(containerId ?? '', `mapping "${text}"`, 0),
    hostId: parseNumber(hostId, `mapping "${text}"`, 0),
    size: parseNumber(size ?? '1', `mapping "${text}"`, 1),
  };
}

/** The kernel's last id is no id. */
const HIGHEST = 2 ** 32 - 2;

export function parseNumber(text: string, what: string, lowest: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= lowest && value <= HIGHEST))
    throw new InvalidSpecError(`invalid ${what}: "${text}" is no number from ${lowest} to ${HIGHEST}`);
  return value;
}
