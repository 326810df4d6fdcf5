import { pruneBuildContainers, pruneMountCaches } from '../../../engine/build-cache.ts';
import { checkImageFilters, pruneImages } from '../../../engine/prune-images.ts';
import { confirm } from '../../ask.ts';
import type { CommandHandler } from '../../command.ts';
import { humanSize } from '../../output/human-size.ts';
import { print, printLine } from '../../output/print.ts';
import { dockerDeletedImages } from './deleted-images.ts';

const WHICH = {
  podman: {
    all: 'This command removes all images without at least one container associated with them.',
    dangling: 'This command removes all dangling images.',
  },
  docker: {
    all: 'This will remove all images without at least one container associated to them.',
    dangling: 'This will remove all dangling images.',
  },
};

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  const engine = openEngine();
  let filters = (flags['filter'] as string[] | undefined) ?? [];
  await checkImageFilters(engine, filters);
  let all = flags['all'] === true;
  if (asDocker && filters.some((filter) => NOT_JUST_DANGLING.test(filter))) {
    // That is how docker says --all by a filter; it does not mean to spare the dangling ones.
    filters = filters.filter((filter) => !NOT_JUST_DANGLING.test(filter));
    all = true;
  }
  if (flags['force'] !== true) {
    const which = WHICH[asDocker ? 'docker' : 'podman'][all ? 'all' : 'dangling'];
    if (!confirm(`WARNING! ${which}\nAre you sure you want to continue? [y/N] `)) return 0;
  }
  if (flags['external'] === true) await pruneBuildContainers(engine);
  const report = await pruneImages(engine, { all, filters });
  const mounts = flags['buildCache'] === true ? await pruneMountCaches(engine) : 0;
  if (asDocker) {
    print(dockerDeletedImages(report.untagged, report.removed));
    printLine(`Total reclaimed space: ${humanSize(report.reclaimed + mounts)}`);
  } else print(report.removed.map((id) => `${id}\n`).join(''));
  if (report.failures.length > 0) throw new AggregateError(report.failures);
  return 0;
};

const NOT_JUST_DANGLING = /^dangling=(0|f|false)$/i;
