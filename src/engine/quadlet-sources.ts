import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { errnoOf, InvalidSpecError, NotFoundError } from '../base/errors.ts';
import { splitBundle } from '../systemd/quadlet-bundle.ts';
import { QUADLET_TYPES } from '../systemd/quadlet-files.ts';

export interface SourceFile {
  name: string;
  data: Buffer;
}

/** What is installed together. */
export interface Sources {
  files: SourceFile[];
  /** Name of the list of files that belong together, which says that they are removed together; undefined: a single file. */
  manifest: string | undefined;
}

/** More than any Quadlet file has. */
const LARGEST = 8 * 1024 * 1024;

/** The first place names Quadlet files, the others what belongs to them. All of it is read before anything is written. */
export async function readSources(places: readonly string[]): Promise<Sources> {
  const [first = '', ...rest] = places;
  const files = await filesAt(first);
  const name = nameOf(first);
  const isApplication = !isWeb(first) && statSync(first).isDirectory();
  const isBundle = extname(name) === '.quadlets';
  if (!files.some((file) => QUADLET_TYPES.test(file.name)))
    throw new InvalidSpecError(
      `${first} is no Quadlet file: its name has to end in .container, .volume, .network, .image, .build, .pod, .kube or .quadlets`,
    );
  for (const place of rest) files.push(...(await filesAt(place)));
  const stem = isBundle ? basename(name, '.quadlets') : name;
  return checkedSources(files, stem, isApplication || isBundle);
}

/** InvalidSpecError when two have one name. Several files are one application, named by `stem`. */
export function checkedSources(files: SourceFile[], stem: string, isApplication = false): Sources {
  const twice = files.find((file, at) => files.findIndex((each) => each.name === file.name) !== at);
  if (twice !== undefined) throw new InvalidSpecError(`${twice.name} is given twice`);
  return { files, manifest: isApplication || files.length > 1 ? `.${stem}.app` : undefined };
}

async function filesAt(place: string): Promise<SourceFile[]> {
  if (isWeb(place)) return splitBundles({ name: nameOf(place), data: await fetched(place) }, place);
  const path = resolve(place);
  if (!statOf(path, place).isDirectory())
    return splitBundles({ name: basename(path), data: contentOf(path) }, place);
  return readdirSync(path)
    .map((name) => join(path, name))
    .flatMap((file) => splitBundles({ name: basename(file), data: contentOf(file) }, file))
    .sort((a, b) => Number(QUADLET_TYPES.test(b.name)) - Number(QUADLET_TYPES.test(a.name)));
}

/** The parts of a `.quadlets` file; any other is its own. */
export function splitBundles(file: SourceFile, path: string): SourceFile[] {
  if (extname(file.name) !== '.quadlets') return [file];
  return splitBundle(file.data.toString('utf8'), path).map(({ name, text }) => ({
    name,
    data: Buffer.from(text),
  }));
}

function isWeb(place: string): boolean {
  return /^https?:\/\//.test(place);
}

function nameOf(place: string): string {
  if (!isWeb(place)) return basename(resolve(place));
  const name = URL.canParse(place) ? decodeURIComponent(basename(new URL(place).pathname)) : '';
  if (/^[^./][^/]*$/.test(name)) return name;
  throw new InvalidSpecError(`${place} does not end in the name of a file`);
}

function statOf(path: string, place: string) {
  try {
    return statSync(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new NotFoundError('file', place, { message: `cannot install ${place}: no such file or directory` });
  }
}

/** A folder below one would be missing where its files are looked for. */
function contentOf(path: string): Buffer {
  if (!statOf(path, path).isFile())
    throw new InvalidSpecError(`cannot install ${path}: it is not a file`, {
      hint: 'folders are put into place by hand, or by cp -r',
    });
  return readFileSync(path);
}

async function fetched(url: string): Promise<Buffer> {
  const { downloadWhole } = await import('./download.ts');
  return await downloadWhole(url, LARGEST);
}
