import { InvalidSpecError } from '../base/errors.ts';
import type { CreateOptions } from './create-options.ts';
import { readSettingsFile } from './env-file.ts';
import { splitOnce } from './key-value.ts';
import type { SpecContext } from './spec-context.ts';

/** The image's labels, then --label-file, then --label; later ones win. */
export function labelsFromOptions(options: CreateOptions, context: SpecContext): Record<string, string> {
  const unit = context.hostEnv[UNIT];
  return {
    ...context.image?.config.config.labels,
    ...labelsFrom(options, context.cwd),
    ...(unit ? { [UNIT]: unit } : {}),
  };
}

/** Set by units that run containers; `auto-update` restarts the one that has made a container. */
const UNIT = 'PODMAN_SYSTEMD_UNIT';

/** --label-file, then --label. */
export function labelsFrom(
  options: Pick<CreateOptions, 'label' | 'labelFile'>,
  cwd: string,
): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const file of options.labelFile ?? [])
    for (const { text, where } of readSettingsFile(file, 'label', cwd))
      putLabel(labels, text, `label file ${where}`);
  for (const text of options.label ?? []) putLabel(labels, text, '--label');
  return labels;
}

export function annotationsFromOptions(options: CreateOptions, context: SpecContext): Record<string, string> {
  const annotations: Record<string, string> = {};
  for (const text of [...context.config.containers.annotations, ...(options.annotation ?? [])]) {
    const [key, value] = splitOnce(text, '=');
    if (key === '' || value === undefined)
      throw new InvalidSpecError(`invalid annotation "${text}": must be key=value`);
    annotations[key] = value;
  }
  if (keepsGroups(options)) annotations[KEEP_GROUPS] = '1';
  return annotations;
}

/** crun's word for not to change the supplementary groups. */
export const KEEP_GROUPS = 'run.oci.keep_original_groups';

/** `--group-add keep-groups`: the caller's own groups, and no others. */
export function keepsGroups({ groupAdd = [] }: Pick<CreateOptions, 'groupAdd'>): boolean {
  if (!groupAdd.includes('keep-groups')) return false;
  if (groupAdd.length > 1)
    throw new InvalidSpecError(
      "the '--group-add keep-groups' option is not allowed with any other --group-add options",
    );
  return true;
}

function putLabel(labels: Record<string, string>, text: string, where: string): void {
  const [key, value] = splitOnce(text, '=');
  if (key === '') throw new InvalidSpecError(`invalid label "${text}" in ${where}: the name is empty`);
  labels[key] = value ?? '';
}
