import { parseEnd, parsePastTime } from '../../../base/past-time.ts';
import { dockerEvent, dockerEventJson } from '../../../engine/docker-events.ts';
import { followEvents, type StoredEvent } from '../../../engine/follow-events.ts';
import type { CommandHandler } from '../../command.ts';
import { formatObject } from '../../output/format-rows.ts';
import { goTimeText } from '../../output/go-time.ts';
import { printLine, withoutControls } from '../../output/print.ts';
import { type GoObject, goMap, goStruct, toJson } from '../../output/template/go-value.ts';

export const run: CommandHandler = async ({ flags, asDocker }, openEngine) => {
  const format = flags['format'] as string | undefined;
  const until = timeFrom(flags['until'], '--until', asDocker ? parsePastTime : parseEnd);
  const events = followEvents(openEngine(), {
    filters: (flags['filter'] as string[] | undefined) ?? [],
    since: timeFrom(flags['since'], '--since', parsePastTime),
    until,
    follow: flags['stream'] !== false && (until === undefined || until > Date.now()),
    asDocker,
  });
  const style: Style = { format, whole: flags['noTrunc'] !== false };
  for await (const event of events) {
    const line = asDocker ? dockerLine(event, style) : podmanLine(event, style);
    if (line !== undefined) printLine(line);
  }
  return 0;
};

interface Style {
  format: string | undefined;
  /** Ids are not shortened. */
  whole: boolean;
}

function timeFrom(value: unknown, flag: string, parse: typeof parsePastTime): number | undefined {
  return value === undefined || value === '' ? undefined : parse(String(value), flag).getTime();
}

function podmanLine(event: StoredEvent, { format, whole }: Style): string {
  const data = podmanData(event);
  if (format?.trim() === 'json') return toJson(data);
  if (format !== undefined) return formatObject(data, format, 'events').replace(/\n$/, '');
  const id = whole ? event.objectId : event.objectId.slice(0, 12);
  const start = `${goTimeText(event.at, { fraction: true, local: true })} ${event.kind} ${event.action}`;
  return withoutControls(`${start} ${podmanDetails(event, id)}`.trimEnd());
}

function podmanDetails({ kind, name, attributes }: StoredEvent, id: string): string {
  switch (kind) {
    case 'container':
    case 'pod': {
      const { image = '', ...others } = attributes;
      const rest = Object.entries(others).map(([key, value]) => `, ${key}=${value}`);
      return `${id} (image=${image}, name=${name}${rest.join('')})`;
    }
    case 'network':
      return `${id} (container=${attributes['network'] === undefined ? '' : id}, name=${attributes['network'] ?? name})`;
    case 'image':
      return `${id} ${name}`;
    case 'secret':
      return id;
    default:
      return name;
  }
}

/** As podman 5 has it: times are numbers, and what a health check found stands beside the attributes. */
function podmanData({ kind, action, objectId, name, at, attributes }: StoredEvent): GoObject {
  const { image, containerExitCode, network, health_status, health_failing_streak, health_log, ...rest } =
    attributes;
  const time = Math.trunc(Date.parse(at) / 1000);
  const timeNano = BigInt(`${time}${(/\.(\d+)/.exec(at)?.[1] ?? '').padEnd(9, '0')}`);
  const streak = Number(health_failing_streak ?? 0);
  const details = Object.keys(rest).length === 0 ? null : goMap(rest);
  const json = {
    ...(containerExitCode === undefined ? {} : { ContainerExitCode: Number(containerExitCode) }),
    ID: objectId,
    ...(image === undefined ? {} : { Image: image }),
    ...(name === '' ? {} : { Name: name }),
    ...(network === undefined ? {} : { network }),
    Status: action,
    time,
    timeNano,
    Type: kind,
    ...(health_status === undefined ? {} : { health_status }),
    ...(health_log ? { health_log } : {}),
    ...(streak === 0 ? {} : { health_failing_streak: streak }),
    Attributes: details,
  };
  const fields = {
    ContainerExitCode: Number(containerExitCode ?? 0),
    ID: objectId,
    Image: image ?? '',
    Name: name,
    Network: network ?? '',
    Status: action,
    Time: time,
    TimeNano: timeNano,
    Type: kind,
    HealthStatus: health_status ?? '',
    HealthLog: health_log ?? '',
    HealthFailingStreak: streak,
    PodID: '',
    ContainerInspectData: '',
    Error: '',
    Attributes: goMap(rest),
  };
  return goStruct('events.Event', fields, { json });
}

/** Undefined for what docker does not tell. */
function dockerLine(event: StoredEvent, { format }: Style): string | undefined {
  const told = dockerEvent(event);
  if (told === undefined) return undefined;
  if (format?.trim() === 'json' || format?.trim() === '{{json .}}') return dockerEventJson(told);
  const { Actor } = told;
  if (format !== undefined) {
    const actor = goStruct('events.Actor', { ID: Actor.ID, Attributes: goMap(Actor.Attributes) });
    const old = { Status: told.status ?? '', ID: told.id ?? '', From: told.from ?? '' };
    const rest = { Type: told.Type, Action: told.Action, Actor: actor, Scope: told.scope };
    const times = { Time: told.time, TimeNano: String(told.timeNano) };
    const data = goStruct('events.Message', { ...old, ...rest, ...times }, { json: told });
    return formatObject(data, format, 'events').replace(/\n$/, '');
  }
  const attributes = Object.entries(Actor.Attributes).sort(([left], [right]) => (left < right ? -1 : 1));
  const details = attributes.map(([key, value]) => `${key}=${value}`).join(', ');
  const time = event.at.replace('Z', '000000000').replace(/(\.\d{9})\d*$/, '$1Z');
  return withoutControls(
    `${time} ${told.Type} ${told.Action} ${Actor.ID}${details === '' ? '' : ` (${details})`}`,
  );
}
