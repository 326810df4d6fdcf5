import { UsageError } from '../../../base/errors.ts';
import type { Engine } from '../../../engine/engine.ts';
import { loadImages } from '../../../engine/image-archives.ts';
import {
  type ArchiveName,
  fetchTags,
  parseArchiveName,
  parseTypedName,
  type PullOptions,
  type PullPolicy,
  pullImage,
} from '../../../engine/images.ts';
import type { CommandHandler } from '../../command.ts';
import { forEachObject } from '../../each-object.ts';
import type { FlagValues } from '../../flag.ts';
import { printError, printLine } from '../../output/print.ts';
import { openPullProgress, type PullProgress } from '../../output/pull-progress.ts';
import { registryAccess } from './registry-access.ts';

const POLICIES: Readonly<Record<string, PullPolicy>> = {
  always: 'always',
  true: 'always',
  missing: 'missing',
  ifnotpresent: 'missing',
  never: 'never',
  false: 'never',
  newer: 'newer',
  ifnewer: 'newer',
};

export const run: CommandHandler = async ({ args, flags, asDocker }, openEngine) => {
  const engine = openEngine();
  const options = pullOptions(flags, engine);
  const progress = openPullProgress(flags['quiet'] === true);
  try {
    await forEachObject(args, (name) => pullOne(engine, name, { flags, options, progress, asDocker }));
  } finally {
    progress.done();
  }
  return 0;
};

interface Task {
  flags: FlagValues;
  options: PullOptions;
  progress: PullProgress;
  asDocker: boolean;
}

async function pullOne(engine: Engine, name: string, task: Task): Promise<void> {
  const { flags, options, progress, asDocker } = task;
  const archive = parseArchiveName(name);
  if (archive !== undefined) return pullFromArchive(engine, archive, { progress, options });
  const names = flags['allTags'] === true ? await allTags(engine, name, options) : [name];
  for (const each of names) {
    const report = await pullImage(engine, each, options, progress.listener);
    for (const warning of report.warnings) printError(`WARNING: ${warning}`);
    printLine(asDocker ? report.name : report.image.id);
  }
}

async function allTags(engine: Engine, name: string, options: PullOptions): Promise<string[]> {
  const typed = parseTypedName(name.replace(/^docker:\/\//, ''));
  if (typed.tag !== undefined || typed.digest !== undefined) {
    throw new UsageError('--all-tags takes a name without tag and digest');
  }
  return (await fetchTags(engine, name, options)).map((tag) => `${name}:${tag}`);
}

async function pullFromArchive(
  engine: Engine,
  { path, image: only }: ArchiveName,
  { progress, options }: Pick<Task, 'progress' | 'options'>,
): Promise<void> {
  const { platform, os, arch, variant, signaturePolicy } = options;
  const wish = { platform, os, arch, variant, signaturePolicy, only };
  for (const { image } of await loadImages(engine, path, progress.listener, wish)) printLine(image.id);
}

function pullOptions(flags: FlagValues, engine: Engine): PullOptions {
  const text = (name: string): string | undefined => flags[name] as string | undefined;
  const policy = POLICIES[text('policy') ?? 'always'];
  if (policy === undefined) throw new UsageError(`unsupported pull policy ${JSON.stringify(text('policy'))}`);
  return {
    policy,
    platform: text('platform'),
    os: text('os'),
    arch: text('arch'),
    variant: text('variant'),
    ...registryAccess(flags, engine),
  };
}
