import { InvalidSpecError } from '../base/errors.ts';

/** A file of the Container Device Interface: devices of one kind, and what each does to a container. */
export interface CdiSpec {
  /** `vendor.com/class` */
  kind: string;
  devices: { name: string; edits: CdiEdits }[];
  /** For each container that has a device of this file. */
  edits: CdiEdits;
}

export interface CdiEdits {
  env: string[];
  deviceNodes: CdiNode[];
  mounts: { hostPath: string; containerPath: string; options: string[]; type: string | undefined }[];
  hooks: {
    stage: string;
    hook: { path: string; args?: string[]; env?: string[]; timeout?: number };
  }[];
  additionalGids: number[];
}

export interface CdiNode {
  path: string;
  hostPath: string;
  permissions: string;
  fileMode: number | undefined;
  uid: number | undefined;
  gid: number | undefined;
}

const KIND = /^[A-Za-z][\w.-]*\/[A-Za-z0-9][\w.-]*$/;
const DEVICE = /^[A-Za-z0-9][\w.:-]*$/;
const STAGES = ['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'];

/** `vendor.com/class=name`; undefined for anything else, a path for example. */
export function parseCdiName(text: string): { kind: string; name: string } | undefined {
  const at = text.indexOf('=');
  const [kind, name] = [text.slice(0, Math.max(0, at)), text.slice(at + 1)];
  return KIND.test(kind) && DEVICE.test(name) ? { kind, name } : undefined;
}

/** Throws InvalidSpecError that names file and member. What an edit asks for that is not known is refused: half a device is none. */
export function parseCdiSpec(document: unknown, path: string): CdiSpec {
  const top = new Reader(document, path, 'the file');
  const kind = top.text('kind');
  if (kind === undefined || !KIND.test(kind)) throw top.wrong('kind', 'vendor.com/class');
  return {
    kind,
    devices: top.list('devices', (device) => {
      const name = device.text('name');
      if (name === undefined || !DEVICE.test(name)) throw device.wrong('name', 'the name of a device');
      return { name, edits: readEdits(device.object('containerEdits')) };
    }),
    edits: readEdits(top.object('containerEdits')),
  };
}

function readEdits(edits: Reader | undefined): CdiEdits {
  if (edits === undefined) return { env: [], deviceNodes: [], mounts: [], hooks: [], additionalGids: [] };
  edits.refuse('intelRdt', 'netDevices');
  return {
    env: edits.texts('env'),
    deviceNodes: edits.list('deviceNodes', readNode),
    mounts: edits.list('mounts', (mount) => ({
      hostPath: mount.path('hostPath'),
      containerPath: mount.path('containerPath'),
      options: mount.texts('options'),
      type: mount.text('type'),
    })),
    hooks: edits.list('hooks', (hook) => {
      const stage = hook.text('hookName') ?? '';
      if (!STAGES.includes(stage)) throw hook.wrong('hookName', `one of ${STAGES.join(', ')}`);
      const [args, env, timeout] = [hook.texts('args'), hook.texts('env'), hook.number('timeout')];
      return {
        stage,
        hook: {
          path: hook.path('path'),
          ...(args.length === 0 ? {} : { args }),
          ...(env.length === 0 ? {} : { env }),
          ...(timeout === undefined ? {} : { timeout }),
        },
      };
    }),
    additionalGids: edits.numbers('additionalGids').filter((gid) => gid !== 0),
  };
}

function readNode(node: Reader): CdiNode {
  const path = node.path('path');
  const permissions = node.text('permissions') ?? 'rwm';
  if (!/^[rwm]+$/.test(permissions)) throw node.wrong('permissions', 'letters of rwm');
  return {
    path,
    hostPath: node.text('hostPath') ?? path,
    permissions,
    fileMode: node.number('fileMode'),
    uid: node.number('uid'),
    gid: node.number('gid'),
  };
}

/** Members of one object of the file, each checked as it is read. */
class Reader {
  readonly #value: Record<string, unknown>;
  readonly #file: string;
  readonly #where: string;

  constructor(value: unknown, file: string, where: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new InvalidSpecError(`${file}: ${where} is not an object`);
    this.#value = value as Record<string, unknown>;
    this.#file = file;
    this.#where = where;
  }

  wrong(member: string, wanted: string): InvalidSpecError {
    return new InvalidSpecError(`${this.#file}: "${member}" of ${this.#where} must be ${wanted}`);
  }

  refuse(...members: string[]): void {
    for (const member of members)
      if (this.#value[member] !== undefined && this.#value[member] !== null)
        throw new InvalidSpecError(`${this.#file}: "${member}" of ${this.#where} is not supported`);
  }

  text(member: string): string | undefined {
    const value = this.#value[member];
    if (value === undefined || value === null || value === '') return undefined;
    if (typeof value !== 'string' || value.includes('\0')) throw this.wrong(member, 'a text');
    return value;
  }

  path(member: string): string {
    const value = this.text(member);
    if (value === undefined || !value.startsWith('/')) throw this.wrong(member, 'an absolute path');
    return value;
  }

  number(member: string): number | undefined {
    const value = this.#value[member];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0)
      throw this.wrong(member, 'a whole number');
    return value;
  }

  texts(member: string): string[] {
    return this.#items(member).map((item) => {
      if (typeof item !== 'string' || item.includes('\0')) throw this.wrong(member, 'a list of texts');
      return item;
    });
  }

  numbers(member: string): number[] {
    return this.#items(member).map((item) => {
      if (typeof item !== 'number' || !Number.isSafeInteger(item) || item < 0)
        throw this.wrong(member, 'a list of whole numbers');
      return item;
    });
  }

  object(member: string): Reader | undefined {
    const value = this.#value[member];
    return value === undefined || value === null ? undefined : new Reader(value, this.#file, member);
  }

  list<T>(member: string, read: (item: Reader) => T): T[] {
    return this.#items(member).map((item) => read(new Reader(item, this.#file, `an entry of ${member}`)));
  }

  #items(member: string): unknown[] {
    const value = this.#value[member];
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw this.wrong(member, 'a list');
    return value;
  }
}
