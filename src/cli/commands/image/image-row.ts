import { familiarName, type ImageRecord, type ImageSummary, isIndexType } from '../../../engine/images.ts';
import { shortId } from '../../../base/ids.ts';
import { goTimeText } from '../../output/go-time.ts';
import { humanAge } from '../../../base/human-duration.ts';
import { humanSize, humanSizeSpaced } from '../../output/human-size.ts';
import { type GoObject, goMap, goStruct } from '../../output/template/go-value.ts';

export interface RowStyle {
  noTrunc: boolean;
  /** docker leaves `docker.io/library/` out. */
  asDocker: boolean;
}

/** One line of a list of images. */
export interface ImageRow {
  image: ImageRecord;
  containers: number;
  repository: string;
  tag: string;
  shownId: string;
  digest: string;
}

const NONE = '<none>';

export function imageRow(summary: ImageSummary, name: string | undefined, style: RowStyle): ImageRow {
  const { image, containers } = summary;
  const shownId = style.noTrunc ? `sha256:${image.id}` : shortId(image.id);
  const full = name ?? namelessOf(image);
  const colon = full.lastIndexOf(':');
  const repository = full.slice(0, colon);
  return {
    image,
    containers,
    repository: style.asDocker ? familiarName(repository) : repository,
    tag: full.slice(colon + 1),
    shownId,
    digest: digestIn(repository, image),
  };
}

/** The one that a pull from there or a push to there was told: compression may have made it another than our own. */
function digestIn(repository: string, image: ImageRecord): string {
  const known = image.repoDigests
    .filter((name) => name.startsWith(`${repository}@`))
    .map((name) => name.slice(repository.length + 1));
  return known.includes(image.manifestDigest) ? image.manifestDigest : (known[0] ?? image.manifestDigest);
}

/**
 * Fields under podman's names and docker's; as JSON podman's document. Of thousands of images few fields are looked at: each is made
 * when it is asked for, above all those that need the configuration parsed.
 */
class PodmanRow {
  readonly #row: ImageRow;

  constructor(row: ImageRow) {
    this.#row = row;
  }

  get Repository(): string {
    return this.#row.repository;
  }
  get Tag(): string {
    return this.#row.tag;
  }
  get ID(): string {
    return this.#row.shownId;
  }
  get Id(): string {
    return this.#row.image.id;
  }
  get CreatedSince(): string {
    return humanAge(this.#row.image.createdAt);
  }
  get CreatedAt(): string {
    return goTimeText(this.#row.image.createdAt);
  }
  get Size(): string {
    return humanSizeSpaced(this.#row.image.size);
  }
  get History(): string {
    return this.#row.image.names.join(', ');
  }
  get Digest(): string {
    return this.#row.digest;
  }
  get ParentId(): string {
    return '';
  }
  get RepoTags(): string[] {
    return [...this.#row.image.names].reverse();
  }
  get RepoDigests(): readonly string[] {
    return this.#row.image.repoDigests;
  }
  get Names(): string[] {
    return this.RepoTags;
  }
  get Labels(): GoObject {
    return goMap(this.#row.image.config.config.labels);
  }
  get Containers(): number | string {
    return this.#row.containers;
  }
  get SharedSize(): number | string {
    return 0;
  }
  get VirtualSize(): number | string {
    return this.#row.image.size;
  }
  get UniqueSize(): number | string {
    return this.#row.image.size;
  }
  get Dangling(): boolean {
    return this.#row.image.names.length === 0;
  }
  get IsDangling(): boolean {
    return this.Dangling;
  }
  get IsReadOnly(): boolean {
    return this.ReadOnly;
  }
  get ReadOnly(): boolean {
    return this.#row.image.readOnlyStore !== undefined;
  }
  get Arch(): string {
    return this.#row.image.config.architecture;
  }
  get Os(): string {
    return this.#row.image.config.os;
  }

  toJSON(): unknown {
    return summaryJson(this.#row);
  }
}

/** The same fields, sizes in docker's form; as JSON docker's flat object of strings. */
class DockerRow extends PodmanRow {
  override get Size(): string {
    return humanSize(Number(super.VirtualSize), 3);
  }
  override get Containers(): string {
    return 'N/A';
  }
  override get SharedSize(): string {
    return 'N/A';
  }
  override get UniqueSize(): string {
    return 'N/A';
  }
  override get VirtualSize(): string {
    return this.Size;
  }

  override toJSON(): unknown {
    const { Containers, CreatedAt, CreatedSince, Digest, ID } = this;
    const { Repository, SharedSize, Size, Tag, UniqueSize, VirtualSize } = this;
    const names = { Containers, CreatedAt, CreatedSince, Digest, ID, Repository };
    return { ...names, SharedSize, Size, Tag, UniqueSize, VirtualSize };
  }
}

const ALIASES = { Created: 'CreatedSince', CreatedTime: 'CreatedAt', ParentID: 'ParentId' };
goStruct('images.imageReporter', PodmanRow.prototype as unknown as GoObject, { aliases: ALIASES });
goStruct('formatter.imageContext', DockerRow.prototype as unknown as GoObject, { aliases: ALIASES });

export function rowOfPodman(row: ImageRow): GoObject {
  return new PodmanRow(row) as unknown as GoObject;
}

export function rowOfDocker(row: ImageRow): GoObject {
  return new DockerRow(row) as unknown as GoObject;
}

function summaryJson({ image, containers, digest }: ImageRow): GoObject {
  const { labels } = image.config.config;
  const isList = isIndexType(image.manifestType);
  return {
    Id: image.id,
    ParentId: '',
    RepoTags: null,
    RepoDigests: image.repoDigests,
    Size: image.size,
    SharedSize: 0,
    VirtualSize: image.size,
    Labels: Object.keys(labels).length === 0 ? null : goMap(labels),
    Containers: containers,
    ...(image.names.length === 0 ? { Dangling: true } : {}),
    ...(isList ? {} : { Arch: image.config.architecture }),
    ...(image.readOnlyStore === undefined ? {} : { ReadOnly: true }),
    Digest: digest,
    History: image.names,
    IsManifestList: isList,
    Names: [...image.names].reverse(),
    ...(isList ? {} : { Os: image.config.os }),
    Created: Math.trunc(Date.parse(image.createdAt) / 1000),
    CreatedAt: image.createdAt.replace(/\.\d+/, ''),
  };
}

/** An image that lost its name to a newer one still shows the repository it was pulled from; one made here does not. */
function namelessOf(image: ImageRecord): string {
  const repository = image.repoDigests[0]?.split('@')[0] ?? 'localhost/';
  return `${repository.startsWith('localhost/') ? NONE : repository}:${NONE}`;
}
