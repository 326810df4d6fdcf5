import { NotFoundError } from '../base/errors.ts';
import type { BuildOptions } from './build-options.ts';
import { type ContextPlace, removeStaleContexts } from './context-place.ts';
import { type ContextSource, parseContextSource, parseNamedContext } from './context-source.ts';
import { directoryOfFile, findContainerfile } from './find-containerfile.ts';
import { findIgnoreFile } from './find-ignore-file.ts';
import type { ParsedContainerfile } from './instruction.ts';
import { planBuild } from './make-plan.ts';
import { type OpenContext, type OpenContextOptions, openContents, openNamedContext } from './open-context.ts';
import { parseContainerfile } from './parse-containerfile.ts';
import type { BuildPlan, NamedContexts } from './plan.ts';

/** Read, parsed and checked; nothing has been built yet. */
export interface PreparedBuild {
  file: ParsedContainerfile;
  context: OpenContext;
  /** One for each platform; undefined: the host's. */
  plan(platform: string | undefined): BuildPlan;
  /** Files of `--build-context`; opened once and closed with the build. */
  openContext(name: string): Promise<OpenContext>;
  /** Idempotent. */
  close(): Promise<void>;
}

export async function prepareBuild(options: BuildOptions, place: ContextPlace): Promise<PreparedBuild> {
  const sources = new Map([...options.buildContexts].map(([name, text]) => [name, parseNamedContext(text)]));
  await removeStaleContexts(place);
  const opening: OpenContextOptions = {
    place,
    workingDirectory: options.workingDirectory,
    stdin: options.stdin,
    keepGitDirectory: options.buildArgs.get('BUILDKIT_CONTEXT_KEEP_GIT_DIR') === '1',
  };
  const contents = await openContents(mainSource(options), opening);
  const named = new Map<string, Promise<OpenContext>>();
  const close = async (): Promise<void> => {
    await contents.close();
    for (const opened of await Promise.allSettled(named.values()))
      if (opened.status === 'fulfilled') await opened.value.close();
  };
  try {
    const { system, signal } = place;
    const { workingDirectory, stdin, files } = options;
    const containerfile = await findContainerfile(contents, {
      system,
      files,
      workingDirectory,
      stdin,
      signal,
    });
    const file = parseContainerfile(containerfile.text, containerfile.name);
    const { directory } = contents;
    const ignored = findIgnoreFile({
      system,
      directory,
      containerfile,
      given: options.ignoreFile,
      workingDirectory,
    });
    return {
      file,
      context: { directory, ignored, close: contents.close },
      plan: (platform) => planBuild(file, { ...options, platform, contexts: meaningsOf(sources) }),
      openContext: (name) => {
        const source = sources.get(name);
        if (source === undefined || source.kind === 'image')
          throw new NotFoundError('image', name, { message: `there is no build context named ${name}` });
        const opened = named.get(name) ?? openNamedContext(source, opening);
        named.set(name, opened);
        return opened;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Without a context it is the directory of the first file that is named, else the working directory. */
function mainSource({
  context,
  files,
  workingDirectory,
}: BuildOptions): Exclude<ContextSource, { kind: 'image' }> {
  if (context !== undefined) {
    const source = parseContextSource(context);
    if (source.kind !== 'image') return source;
  }
  const local = files.find((file) => file !== '-' && !/^https?:\/\//.test(file));
  return {
    kind: 'directory',
    path: local === undefined ? workingDirectory : directoryOfFile(local, workingDirectory),
  };
}

function meaningsOf(sources: ReadonlyMap<string, ContextSource>): NamedContexts {
  return new Map(
    [...sources].map(([name, source]) => [
      name,
      source.kind === 'image' ? { kind: 'image', name: source.name } : { kind: 'files' },
    ]),
  );
}
