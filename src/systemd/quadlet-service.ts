import { InvalidSpecError } from '../base/errors.ts';
import { suggest } from '../base/suggest.ts';
import { execLine, execWord } from './exec-word.ts';
import { COMMON_KEYS, DEPENDENCY_KEYS, type QuadletKey, REFUSED_KEYS, SYSTEMD_KEYS } from './quadlet-keys.ts';
import { splitWords } from './split-words.ts';
import { addEntry, booleanValue, lastValue, type UnitEntry, type UnitFile, valuesOf } from './unit-file.ts';

export interface QuadletFile {
  /** `web.container`; of a template `web@.container`. */
  name: string;
  path: string;
  /** With its drop-ins. */
  unit: UnitFile;
}

/** What the services of all files are made with. */
export interface QuadletContext {
  /** The tspod that units call. */
  program: string;
  user: boolean;
  files: ReadonlyMap<string, QuadletFile>;
  /** Whether a path is there on this machine. */
  exists: (path: string) => boolean;
}

export type Section = 'Container' | 'Volume' | 'Network' | 'Image' | 'Build' | 'Pod' | 'Kube';

/** The resulting unit: everything that is not Quadlet's own is passed on, the section itself as a comment for people (X-). */
export function beginService(file: QuadletFile, section: Section, context: QuadletContext): UnitFile {
  const service: UnitFile = new Map([['Unit', []]]);
  const usesNetwork = booleanValue(file.unit, 'Quadlet', 'DefaultDependencies') ?? true;
  if (usesNetwork) {
    // The units of a user cannot wait for the system's.
    const online = context.user ? 'tspod-user-wait-network-online.service' : 'network-online.target';
    addEntry(service, 'Unit', 'Wants', online);
    addEntry(service, 'Unit', 'After', online);
  }
  for (const [name, entries] of file.unit) {
    const target = name === section || name === 'Quadlet' ? `X-${name}` : name;
    const passed = name === 'Unit' ? entries.map((entry) => translated(entry, file, context)) : entries;
    service.set(target, [...(service.get(target) ?? []), ...passed]);
  }
  addEntry(service, 'Unit', 'SourcePath', file.path.replaceAll('%', '%%'));
  addEntry(service, 'Unit', 'RequiresMountsFor', '%t/containers');
  addEntry(service, 'Service', 'Environment', 'PODMAN_SYSTEMD_UNIT=%n');
  return service;
}

/** Quadlet files that a dependency names become their services. InvalidSpecError for one that is not there. */
function translated(entry: UnitEntry, file: QuadletFile, context: QuadletContext): UnitEntry {
  if (!DEPENDENCY_KEYS.has(entry.key)) return entry;
  const words = entry.value.split(/\s+/).map((word) => {
    return QUADLET_NAME.test(word) ? unitOf(findFile(context, word, file), file) : word;
  });
  return { key: entry.key, value: words.join(' ') };
}

/** Also of kinds that are refused: systemd would wait for a unit that nobody makes. */
const QUADLET_NAME = /\.(container|volume|network|image|pod|kube|build|artifact)$/;

/** InvalidSpecError for a section that is not there, or has a key that nobody knows. */
export function checkKeys(file: QuadletFile, section: Section, own: readonly string[]): void {
  const entries = file.unit.get(section);
  if (entries === undefined) throw new InvalidSpecError(`${file.path}: there is no section [${section}]`);
  checkSection(file, section, [...own, ...COMMON_KEYS]);
  checkSection(file, 'Quadlet', ['DefaultDependencies']);
}

function checkSection(file: QuadletFile, section: string, known: readonly string[]): void {
  for (const { key } of file.unit.get(section) ?? []) {
    if (known.includes(key)) continue;
    const refused = REFUSED_KEYS[key];
    if (refused !== undefined)
      throw new InvalidSpecError(`${file.path}: ${key}= is not supported by tspod: ${refused}`);
    const hint = hintFor(key, known);
    throw new InvalidSpecError(
      `${file.path}: unsupported key '${key}' in [${section}]`,
      hint === undefined ? {} : { hint },
    );
  }
}

function hintFor(key: string, known: readonly string[]): string | undefined {
  const home = SYSTEMD_KEYS[key];
  if (home !== undefined) return `${key}= belongs into [${home}]`;
  const [closest] = suggest(
    key,
    known.map((each) => each.toLowerCase()),
  );
  const spelled = known.find((each) => each.toLowerCase() === closest);
  return spelled === undefined ? undefined : `did you mean ${spelled}=?`;
}

/** The options that the keys of a table stand for, in the order of the table. */
export function optionWords(
  file: QuadletFile,
  section: Section,
  table: Readonly<Record<string, QuadletKey>>,
): string[] {
  return Object.entries(table).flatMap(([key, rule]) => {
    const values = valuesOf(file.unit, section, key);
    const { option, kind, prefix = '' } = rule;
    if (values.length === 0) return [];
    if (kind === 'bool') return [booleanValue(file.unit, section, key) === true ? option : `${option}=false`];
    if (kind === 'last') return [`${option}=${prefix}${values.at(-1) ?? ''}`];
    const split = kind === 'each' ? values : values.flatMap(splitWords);
    return split.map((value) => `${option}=${prefix}${value}`);
  });
}

/** `tspod GLOBAL… VERB…`; specifiers and variables in values are for systemd to expand. */
export function command(
  context: QuadletContext,
  file: QuadletFile,
  section: Section,
  words: readonly string[],
): string {
  const globals = [
    ...valuesOf(file.unit, section, 'ContainersConfModule').map((path) => `--module=${path}`),
    ...valuesOf(file.unit, section, 'GlobalArgs').flatMap(splitWords),
  ];
  const program = execLine([context.program], { literal: true });
  return `${program} ${execLine([...globals, ...words], { literal: false })}`;
}

export function extraWords(file: QuadletFile, section: Section): string[] {
  return valuesOf(file.unit, section, 'PodmanArgs').flatMap(splitWords);
}

/** `web` of `web.container` and of `web@.container`; `web@` keeps its sign in the name of the service. */
export function serviceNameOf(file: QuadletFile): string {
  const dot = file.name.lastIndexOf('.');
  const stem = file.name.slice(0, dot);
  const type = file.name.slice(dot + 1);
  const section = `${type.slice(0, 1).toUpperCase()}${type.slice(1)}`;
  const given = lastValue(file.unit, section, 'ServiceName');
  if (given !== undefined) return given;
  if (type === 'container' || type === 'kube') return stem;
  return stem.endsWith('@') ? `${stem.slice(0, -1)}-${type}@` : `${stem}-${type}`;
}

/** Another file that this one needs: the service has to have run before. InvalidSpecError when it is not there. */
export function need(
  service: UnitFile,
  context: QuadletContext,
  name: string,
  file: QuadletFile,
): QuadletFile {
  const found = findFile(context, name, file);
  const unit = unitOf(found, file);
  addEntry(service, 'Unit', 'Requires', unit);
  addEntry(service, 'Unit', 'After', unit);
  return found;
}

/** The service of a file, as that of another names it: of a template it is the same instance. */
export function unitOf(found: QuadletFile, from: QuadletFile): string {
  const name = serviceNameOf(found);
  if (!name.endsWith('@')) return `${name}.service`;
  if (!from.name.includes('@'))
    throw new InvalidSpecError(`${from.path}: ${found.name} is a template, and this file is none`);
  return `${name}%i.service`;
}

export function findFile(context: QuadletContext, name: string, from: QuadletFile): QuadletFile {
  const found = context.files.get(name);
  if (found === undefined)
    throw new InvalidSpecError(`${from.path}: there is no Quadlet file ${name}`, {
      hint: 'is it in another directory?',
    });
  if (name.endsWith('.artifact')) throw new InvalidSpecError(`${from.path}: ${name}: ${NO_ARTIFACTS}`);
  return found;
}

/** The service waits until what the path is on is mounted. */
export function needMount(service: UnitFile, path: string): void {
  if (path.startsWith('/'))
    addEntry(service, 'Unit', 'RequiresMountsFor', execWord(path, { literal: false }));
}

export const NO_ARTIFACTS = '.artifact files are not supported by tspod, which keeps no artifacts';

/** Services that make something once, and keep nothing running. `remains`: once started they stay so. */
export function oneShot(service: UnitFile, { remains } = { remains: true }): void {
  if (lastValue(service, 'Service', 'Type') === undefined) addEntry(service, 'Service', 'Type', 'oneshot');
  if (remains && lastValue(service, 'Service', 'RemainAfterExit') === undefined)
    addEntry(service, 'Service', 'RemainAfterExit', 'yes');
  if (lastValue(service, 'Service', 'SyslogIdentifier') === undefined)
    addEntry(service, 'Service', 'SyslogIdentifier', '%N');
}
