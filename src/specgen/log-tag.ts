import { InvalidSpecError } from '../base/errors.ts';
import type { ContainerSpec } from './container-spec.ts';

/** What `{{.KEY}}` in `--log-opt tag` may be: docker's keys, and podman's of inspect for the same. */
const KEYS: Readonly<Record<string, (spec: ContainerSpec, id: string) => string>> = {
  ID: (_, id) => id.slice(0, SHORT),
  FullID: (_, id) => id,
  Id: (_, id) => id,
  Name: ({ name }) => name,
  ImageID: ({ imageId = '' }) => imageId.slice(0, SHORT),
  ImageFullID: ({ imageId = '' }) => imageId,
  Image: ({ imageId = '' }) => imageId,
  ImageName: ({ imageName }) => imageName,
  DaemonName: () => 'tspod',
};

const SHORT = 12;
const FIELD = /\{\{\s*\.(\w+)\s*\}\}/g;

/** Throws InvalidSpecError for a template that `logTag` could not fill in. */
export function checkLogTag(template: string): void {
  for (const [, key = ''] of template.matchAll(FIELD))
    if (!(key in KEYS))
      throw new InvalidSpecError(
        `invalid --log-opt tag ${JSON.stringify(template)}: there is no {{.${key}}}, only ${Object.keys(KEYS).join(', ')}`,
      );
  if (/\{\{|\}\}|\n/.test(template.replace(FIELD, '')))
    throw new InvalidSpecError(
      `invalid --log-opt tag ${JSON.stringify(template)}: only text on one line and {{.KEY}}`,
    );
}

/** The tag of a container's log. */
export function logTag(template: string, spec: ContainerSpec, id: string): string {
  return template.replace(FIELD, (_, key: string) => KEYS[key]?.(spec, id) ?? '');
}
