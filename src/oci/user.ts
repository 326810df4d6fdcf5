import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { errnoOf, InvalidSpecError, NotInRootfsError, StorageError, TspodError } from '../base/errors.ts';
import { RESOLVE_IN_ROOT, type Syscalls, O_PATH } from '../native/syscalls.ts';

export interface UserRequest {
  /** Mounted root file system of the container. */
  rootfs: string;
  /** `user[:group]`, names or numbers; '' = root. */
  user: string;
  /** Names or numbers. */
  groupAdd: readonly string[];
  /** Contents that the container will see in place of the root file system's own /etc/passwd and /etc/group. */
  passwd?: string;
  group?: string;
  /** Further users, who are going to be added to /etc/passwd. */
  hostUsers?: readonly Pick<PasswdEntry, 'name' | 'uid' | 'gid' | 'home'>[] | undefined;
  syscalls: Pick<Syscalls, 'openat2'>;
}

export interface ResolvedUser {
  uid: number;
  gid: number;
  additionalGids: number[];
  home: string;
}

/**
 * Looks the user up in the root file system's own passwd and group files, or those that hide them. They belong to whoever made the
 * image: paths are resolved inside the root, whatever links they are. A number needs no entry. Throws NotInRootfsError for an unknown name,
 * InvalidSpecError for files that a runtime would wait for without end.
 */
export function resolveUser(request: UserRequest): ResolvedUser {
  const [userText = '', groupText] = request.user.split(':', 2);
  const wanted = userText === '' ? '0' : userText;
  const entries = passwdEntries(request.passwd ?? readUserFile(request, '/etc/passwd'));
  const entry = findUser(entries, wanted) ?? request.hostUsers?.find(({ name }) => name === wanted);
  const uid = entry?.uid ?? numericId(wanted);
  if (uid === undefined)
    throw new NotInRootfsError(`unable to find user ${wanted}: no matching entries in passwd file`);
  const named = groupText !== undefined && groupText !== '';
  const groups = groupEntries(request.group ?? readUserFile(request, '/etc/group'));
  const gid = named ? groupId(groups, groupText) : (entry?.gid ?? 0);
  const additional = new Set<number>();
  if (!named && entry !== undefined)
    for (const group of groups) if (group.members.includes(entry.name)) additional.add(group.gid);
  for (const name of request.groupAdd) additional.add(groupId(groups, name));
  // As login does: setgroups(2) does not imply the primary group, and a program that gives it up would escape modes that keep the
  // group out.
  const groupless = request.user === '' && additional.size === 0;
  const additionalGids = groupless ? [] : [gid, ...[...additional].filter((id) => id !== gid)];
  return { uid, gid, additionalGids, home: entry?.home || (uid === 0 ? '/root' : '/') };
}

/** Names of the ids that the root file system's passwd and group files know. */
export interface IdNames {
  users: Map<number, string>;
  groups: Map<number, string>;
}

export function readIdNames(place: Pick<UserRequest, 'rootfs' | 'syscalls'>): IdNames {
  const names: IdNames = { users: new Map(), groups: new Map() };
  // Of several names for one id the first counts.
  for (const { uid, name } of passwdEntries(readInside(place, '/etc/passwd')).reverse())
    names.users.set(uid, name);
  for (const { gid, name } of groupEntries(readInside(place, '/etc/group')).reverse())
    names.groups.set(gid, name);
  return names;
}

/** Contents of files that lack the container's user or group, completed; a file that has them, or is not there, is left out. */
export interface CompletedFiles {
  passwd?: string;
  group?: string;
}

/** Who is to be known in the container besides those whom its own files name. */
export interface AddedUsers {
  workdir: string;
  /** Lines in place of podman's, with $USERNAME, $UID, $GID, $NAME, $HOME; $GROUPNAME, $GID. */
  passwdEntry?: string | undefined;
  groupEntry?: string | undefined;
  /** Users of the host, with the ids that they have inside. */
  hostUsers: readonly {
    name: string;
    uid: number;
    gid: number;
    gecos: string;
    home: string;
    shell: string;
    group?: string | undefined;
  }[];
}

/** What programs that ask for their own name need, as podman adds it: `1000:*:1000:0:container user:/:/bin/sh`. */
export function completeUserFiles(
  place: Pick<UserRequest, 'rootfs' | 'syscalls'>,
  user: Pick<ResolvedUser, 'uid' | 'gid'>,
  added: AddedUsers,
): CompletedFiles {
  const before = { passwd: readInside(place, '/etc/passwd'), group: readInside(place, '/etc/group') };
  let { passwd, group } = before;
  const knows = (uid: number) => passwdEntries(passwd).some((entry) => entry.uid === uid);
  const home = safeField(added.workdir) ? added.workdir : '/';
  const { uid, gid } = user;
  for (const each of added.hostUsers) {
    if (passwd === '' || knows(each.uid) || passwdEntries(passwd).some(({ name }) => name === each.name))
      continue;
    const fields = [each.name, '*', each.uid, each.gid, each.gecos, each.home, each.shell];
    passwd = withLine(passwd, fields.join(':'));
    const isKnown = groupEntries(group).some(({ gid, name }) => gid === each.gid || name === each.group);
    if (each.group !== undefined && group !== '' && !isKnown)
      group = withLine(group, `${each.group}:x:${each.gid}:${each.name}`);
  }
  if (passwd !== '' && !knows(uid)) {
    const line = added.passwdEntry ?? '$USERNAME:*:$UID:$GID:$NAME:$HOME:/bin/sh';
    const words = { USERNAME: `${uid}`, UID: `${uid}`, GID: `${gid}`, NAME: 'container user', HOME: home };
    passwd = withLine(passwd, filled(line, words));
  }
  if (group !== '' && !groupEntries(group).some((entry) => entry.gid === gid)) {
    const line = added.groupEntry ?? `$GROUPNAME:x:$GID:${uid}`;
    group = withLine(group, filled(line, { GROUPNAME: `${gid}`, GID: `${gid}` }));
  }
  return {
    ...(passwd === before.passwd ? {} : { passwd }),
    ...(group === before.group ? {} : { group }),
  };
}

function safeField(text: string): boolean {
  return !/[:\n]/.test(text);
}

function filled(line: string, words: Readonly<Record<string, string>>): string {
  return line.replace(/\$([A-Z]+)/g, (whole, word: string) => words[word] ?? whole);
}

function withLine(text: string, line: string): string {
  return `${text}${text.endsWith('\n') ? '' : '\n'}${line}\n`;
}

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

/** What hides them in a container, once something is mounted there. */
export const USER_FILES: ReadonlySet<string> = new Set(['/etc', '/etc/passwd', '/etc/group']);

/** A name wins over a number, also a name made of digits. */
function findUser(entries: readonly PasswdEntry[], wanted: string): PasswdEntry | undefined {
  const byName = entries.find((entry) => entry.name === wanted);
  if (byName !== undefined) return byName;
  const uid = numericId(wanted);
  return uid === undefined ? undefined : entries.find((entry) => entry.uid === uid);
}

function groupId(groups: readonly GroupEntry[], wanted: string): number {
  const gid = groups.find((group) => group.name === wanted)?.gid ?? numericId(wanted);
  if (gid === undefined)
    throw new NotInRootfsError(`unable to find group ${wanted}: no matching entries in group file`);
  return gid;
}

const HIGHEST_ID = 2 ** 31 - 1;

function numericId(text: string): number | undefined {
  if (!/^\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id > HIGHEST_ID)
    throw new InvalidSpecError(`uids and gids must be in range 0-${HIGHEST_ID}, got ${text}`);
  return id;
}

/** Lines that are no entries are skipped, as the C library does. */
function passwdEntries(text: string): PasswdEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uid, gid, , home] = line.trim().split(':');
    if (!name || name.startsWith('#') || !isId(uid)) return [];
    return [{ name, uid: Number(uid), gid: isId(gid) ? Number(gid) : 0, home: home ?? '' }];
  });
}

function groupEntries(text: string): GroupEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name, , gid, members] = line.trim().split(':');
    if (!name || name.startsWith('#') || !isId(gid)) return [];
    return [
      { name, gid: Number(gid), members: (members ?? '').split(',').filter((member) => member !== '') },
    ];
  });
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) <= HIGHEST_ID;
}

/** /dev/null, which is read like an empty file. */
const NULL_DEVICE = (1 << 8) | 3;
/** A file above this is no list of users. */
const LARGEST_FILE = 16 << 20;

/** For the files that a runtime reads as well, whoever the user is. */
function readUserFile(place: Pick<UserRequest, 'rootfs' | 'syscalls'>, path: string): string {
  return readInside(place, path, (kind) => {
    throw new InvalidSpecError(
      `${path} of the container is a ${kind}: the runtime would wait for it for ever`,
      {
        hint: `remove it from the image, or mount a file over it: --volume FILE:${path}`,
      },
    );
  });
}

/** As `resolveUser` does, where nobody has to be looked up. */
export function checkUserFiles(place: Pick<UserRequest, 'rootfs' | 'syscalls'>): void {
  readUserFile(place, '/etc/passwd');
  readUserFile(place, '/etc/group');
}

/** '' when there is no such file. What is in its place may be anything: neither FIFO nor device is opened, which could wait, never end, or act. */
export function readInside(
  request: Pick<UserRequest, 'rootfs' | 'syscalls'>,
  path: string,
  onOther?: (kind: string) => never,
): string {
  const root = openSync(request.rootfs, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return readRegular(request.syscalls.openat2(root, path, O_PATH, 0, RESOLVE_IN_ROOT), path, onOther);
  } catch (error) {
    if (error instanceof TspodError) throw error;
    if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return '';
    throw new StorageError(`cannot read ${path} of the container's root file system`, { cause: error });
  } finally {
    closeSync(root);
  }
}

/** The same of a file of the host that is mounted over the image's. */
export function readMounted(path: string): string {
  try {
    return readRegular(openSync(path, O_PATH), path);
  } catch (error) {
    if (error instanceof StorageError) throw error;
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes(errnoOf(error) ?? '')) return '';
    throw new StorageError(`cannot read ${path}, which is mounted in the container`, { cause: error });
  }
}

/** Closes the descriptor, which is of the kind O_PATH. */
function readRegular(fd: number, path: string, onOther?: (kind: string) => never): string {
  try {
    const stat = fstatSync(fd);
    if (stat.isFIFO()) onOther?.('FIFO');
    if (stat.isBlockDevice() || (stat.isCharacterDevice() && stat.rdev !== NULL_DEVICE)) onOther?.('device');
    if (!stat.isFile()) return '';
    if (stat.size > LARGEST_FILE)
      throw new StorageError(`${path} of the container is larger than ${LARGEST_FILE >> 20} MiB`);
    return readFileSync(`/proc/self/fd/${fd}`, 'utf8');
  } finally {
    closeSync(fd);
  }
}
