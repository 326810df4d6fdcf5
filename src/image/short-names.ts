import { InvalidSpecError } from '../base/errors.ts';
import {
  type ImageReference,
  isShortName,
  parseReference,
  parseTypedName,
  type TypedName,
  withDefaultTag,
} from './reference.ts';
import { type RegistriesConf, readRegistriesConf } from './registries-conf.ts';

/** 'podman': registries.conf decides. 'docker': docker.io, whatever the configuration says. */
export type ShortNamePolicy = 'podman' | 'docker';

/** The full names a short name may stand for among local images, in order of preference. */
export async function localCandidates(
  name: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ImageReference[]> {
  const conf = await readRegistriesConf(env);
  const typed = parseTypedName(name);
  const candidates: ImageReference[] = [];
  const alias = conf.aliases.get(typed.name);
  if (alias !== undefined) candidates.push(aliased(alias, typed));
  for (const registry of ['localhost', ...conf.unqualifiedSearchRegistries]) {
    candidates.push(parseReference(`${registry}/${name}`));
  }
  candidates.push(parseReference(name));
  return candidates.map(withDefaultTag);
}

/**
 * The full names a pull has to try, in order; at least one. A short name without an alias needs search registries: without
 * them it is an InvalidSpecError that shows the line to add.
 */
export function pullCandidates(
  conf: RegistriesConf,
  name: string,
  policy: ShortNamePolicy = 'podman',
): ImageReference[] {
  if (!isShortName(name) || policy === 'docker') return [withDefaultTag(parseReference(name))];
  const typed = parseTypedName(name);
  const alias = conf.aliases.get(typed.name);
  if (alias !== undefined) return [withDefaultTag(aliased(alias, typed))];
  const registries = conf.unqualifiedSearchRegistries;
  if (registries.length === 0) {
    throw new InvalidSpecError(
      `short-name ${JSON.stringify(name)} did not resolve to an alias and no unqualified-search registries are defined in ${JSON.stringify(conf.origin)}`,
      {
        hint: `pull docker.io/${familiarPath(name)}, or add this line to ${conf.origin}: unqualified-search-registries = ["docker.io"]`,
      },
    );
  }
  if (conf.shortNameMode === 'enforcing' && registries.length > 1) {
    throw new InvalidSpecError(
      `short-name ${JSON.stringify(name)} is ambiguous: ${registries.join(', ')} are all searched and short-name-mode is enforcing`,
      { hint: `name the registry, for example ${registries[0]}/${name}` },
    );
  }
  return registries.map((registry) => withDefaultTag(parseReference(`${registry}/${name}`)));
}

function aliased(alias: string, typed: TypedName): ImageReference {
  const target = parseReference(alias);
  return { ...target, tag: typed.tag ?? target.tag, digest: typed.digest ?? target.digest };
}

function familiarPath(name: string): string {
  return name.includes('/') ? name : `library/${name}`;
}
