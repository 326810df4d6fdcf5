import { InvalidSpecError } from '../base/errors.ts';
import { buildService } from './quadlet-build.ts';
import { quadletContainerService } from './quadlet-container.ts';
import { imageService } from './quadlet-image.ts';
import { kubeService } from './quadlet-kube.ts';
import { networkService } from './quadlet-network.ts';
import { podService } from './quadlet-pod.ts';
import { NO_ARTIFACTS, type QuadletContext, type QuadletFile, serviceNameOf } from './quadlet-service.ts';
import { volumeService } from './quadlet-volume.ts';
import { formatUnit, type UnitFile, valuesOf } from './unit-file.ts';

export interface GeneratedService {
  source: QuadletFile;
  /** `web.service` */
  name: string;
  text: string;
  /** Links to make beside it, as `enable` would: relative path of each. */
  links: string[];
}

export interface QuadletResult {
  services: GeneratedService[];
  errors: { path: string; error: unknown }[];
}

/** One service per file; a bad file is left out, with the reason, and so is what needs it only as far as systemd finds it missing. */
export function convertQuadlets(context: QuadletContext): QuadletResult {
  const result: QuadletResult = { services: [], errors: [] };
  const makers = new Map<string, string>();
  for (const source of context.files.values()) {
    try {
      const unit = convert(source, context);
      const name = `${serviceNameOf(source)}.service`;
      if (!/^[\w:.\\@-]+$/.test(name))
        throw new InvalidSpecError(`${source.path}: ${name} is no name for a unit`);
      const maker = makers.get(name);
      if (maker !== undefined)
        throw new InvalidSpecError(`${source.path}: ${name} is made by ${maker} already`);
      makers.set(name, source.path);
      result.services.push({ source, name, text: formatUnit(unit), links: linksOf(unit, name) });
    } catch (error) {
      result.errors.push({ path: source.path, error });
    }
  }
  return result;
}

/** Throws for kinds of files that podman has and tspod has not. */
function convert(file: QuadletFile, context: QuadletContext): UnitFile {
  const type = file.name.slice(file.name.lastIndexOf('.') + 1);
  switch (type) {
    case 'container':
      return quadletContainerService(file, context);
    case 'volume':
      return volumeService(file, context);
    case 'network':
      return networkService(file, context);
    case 'image':
      return imageService(file, context);
    case 'kube':
      return kubeService(file, context);
    case 'build':
      return buildService(file, context);
    case 'pod':
      return podService(file, context);
    default:
      throw new InvalidSpecError(`${file.path}: ${NO_ARTIFACTS}`);
  }
}

function linksOf(unit: UnitFile, name: string): string[] {
  const links: string[] = [];
  const instance = valuesOf(unit, 'Install', 'DefaultInstance').at(-1);
  const linked = name.endsWith('@.service') ? instance && name.replace('@.', `@${instance}.`) : name;
  for (const alias of words(unit, 'Alias')) links.push(alias);
  if (!linked) return links.filter(isPlain);
  for (const [key, folder] of [
    ['WantedBy', 'wants'],
    ['RequiredBy', 'requires'],
    ['UpheldBy', 'upholds'],
  ] as const)
    for (const target of words(unit, key)) links.push(`${target}.${folder}/${linked}`);
  return links.filter(isPlain);
}

function words(unit: UnitFile, key: string): string[] {
  return valuesOf(unit, 'Install', key).flatMap((value) => value.split(/\s+/));
}

/** Below the directory of units, and nowhere else. */
function isPlain(link: string): boolean {
  return /^[\w:.\\@-]+(\/[\w:.\\@-]+)?$/.test(link) && !link.split('/').includes('..');
}
