import { dockerAttachment, dockerCommand } from '../../../engine/docker-shapes.ts';
import { dockerStatus } from '../../../engine/docker-status.ts';
import type { ListedContainer } from '../../../engine/list-containers.ts';
import { goTimeText } from '../../output/go-time.ts';
import { type GoObject, goStruct } from '../../output/template/go-value.ts';
import { ContainerRow, type ContainerRowStyle } from './container-row.ts';

const SHORT_COMMAND = 20;
const SHORT_MOUNT = 15;

/** docker's fields and words, all of them strings; podman's others stay available. As JSON docker's flat object. */
export class DockerRow extends ContainerRow {
  readonly #container: ListedContainer;
  readonly #noTrunc: boolean;

  constructor(container: ListedContainer, style: ContainerRowStyle) {
    super(container, style);
    this.#container = container;
    this.#noTrunc = style.noTrunc;
  }

  override get Command(): string {
    const { entrypoint, command } = this.#container.glance;
    return JSON.stringify(this.#short(dockerCommand([...entrypoint, ...command]), SHORT_COMMAND));
  }
  override get CreatedAt(): string {
    return goTimeText(this.#container.record.createdAt, { local: true });
  }
  /** As it was typed. */
  override get Image(): string {
    return this.#container.record.spec.rawImageName;
  }
  override get Labels(): string {
    return Object.entries(this.#container.record.spec.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(',');
  }
  override get Mounts(): string {
    return mountNames(this.#container)
      .map((name) => this.#short(name, SHORT_MOUNT))
      .join(',');
  }
  override get Networks(): string {
    const { mode } = this.#container.record.spec.network;
    return mode.mode === 'bridge'
      ? mode.networks.map(({ name }) => dockerAttachment(name)).join(',')
      : mode.mode;
  }
  /** Of what runs: others have none. */
  override get Ports(): string {
    return isUp(this.#container) ? super.Ports : '';
  }
  override get Size(): string {
    return super.Size || '0B';
  }
  override get State(): string {
    return this.#container.restarting ? 'restarting' : super.State;
  }
  override get Status(): string {
    return dockerStatus(this.#container);
  }

  override toJSON(): unknown {
    return {
      Command: this.Command,
      CreatedAt: this.CreatedAt,
      ID: this.ID,
      Image: this.Image,
      Labels: this.Labels,
      LocalVolumes: this.LocalVolumes,
      Mounts: this.Mounts,
      Names: this.Names,
      Networks: this.Networks,
      Platform: this.Platform,
      Ports: this.Ports,
      RunningFor: this.RunningFor,
      Size: this.Size,
      State: this.State,
      Status: this.Status,
    };
  }

  #short(text: string, length: number): string {
    return this.#noTrunc || text.length <= length ? text : `${text.slice(0, length - 1)}…`;
  }
}

goStruct('formatter.ContainerContext', DockerRow.prototype as unknown as GoObject, {
  aliases: { Id: 'ID' },
});

function isUp({ record }: ListedContainer): boolean {
  return ['running', 'paused', 'stopping'].includes(record.state);
}

function mountNames({ record }: ListedContainer): string[] {
  return record.spec.mounts.flatMap((mount) => {
    if (mount.type === 'bind') return [mount.source];
    return 'name' in mount ? [mount.name] : [];
  });
}
