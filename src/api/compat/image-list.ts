import { type ImageSummary, listImages } from '../../engine/images.ts';
import type { Handler } from '../exchange.ts';
import { sendJson } from '../respond.ts';
import { familiarNames } from './image-names.ts';

export const listImagesHandler: Handler = async (exchange) => {
  const { engine, query } = exchange;
  const filters = query.filters();
  // Before 1.41 there was a parameter of its own.
  const filter = query.text('filter');
  if (filter !== undefined) filters.push(`reference=${filter}`);
  const images = await listImages(engine, { all: query.flag('all'), filters });
  const manifests = query.flag('manifests')
    ? (await import('../../engine/docker-image-manifests.ts')).dockerManifests(engine)
    : undefined;
  sendJson(
    exchange,
    200,
    images.map((summary) => ({
      ...summaryOf(summary),
      ...(manifests === undefined ? {} : { Manifests: manifests(summary.image) }),
    })),
  );
};

/** With a filter by name, only the names that it leaves are told. */
function summaryOf({ image, names, containers }: ImageSummary): object {
  const repositories = new Set(names.map(repositoryOf));
  const isFiltered = names.length < image.names.length;
  const digests = isFiltered
    ? image.repoDigests.filter((name) => repositories.has(repositoryOf(name)))
    : image.repoDigests;
  return {
    Id: `sha256:${image.id}`,
    ParentId: '',
    RepoTags: familiarNames(names),
    RepoDigests: familiarNames(digests),
    Created: Math.max(0, Math.trunc(Date.parse(image.createdAt) / 1000) || 0),
    Size: image.size,
    VirtualSize: image.size,
    SharedSize: -1,
    Labels: image.config.config.labels,
    Containers: containers,
  };
}

/** `host:5000/shop:1` and `host:5000/shop@sha256:…` → `host:5000/shop`. */
function repositoryOf(name: string): string {
  return name.replace(/@.*$|:[^:/]*$/, '');
}
