import { UsageError } from '../base/errors.ts';

/** The `config` of an image configuration, in its own spelling. */
export type RunConfigDocument = Record<string, unknown>;

/**
 * Applies Containerfile instructions, as `--change` of import and commit takes them (`CMD /bin/sh`, `ENV=A=b`), to a copy of the
 * configuration. Throws UsageError for an instruction that is not about configuration.
 */
export function applyChanges(config: RunConfigDocument, changes: readonly string[]): RunConfigDocument {
  const changed = { ...config };
  for (const change of changes) {
    const match = /^\s*([a-zA-Z]+)(?:\s+|=)(.*)$/s.exec(change);
    const instruction = match?.[1]?.toUpperCase() ?? '';
    const apply = INSTRUCTIONS[instruction];
    const value = match?.[2]?.trim() ?? '';
    if (apply === undefined || value === '') {
      const known = Object.keys(INSTRUCTIONS).join(', ');
      throw new UsageError(`invalid change ${JSON.stringify(change)}: choose from ${known}`);
    }
    apply(changed, value);
  }
  return changed;
}

const INSTRUCTIONS: Readonly<Record<string, (config: RunConfigDocument, value: string) => void>> = {
  CMD: (config, value) => {
    config['Cmd'] = commandOf(value);
  },
  ENTRYPOINT: (config, value) => {
    config['Entrypoint'] = commandOf(value);
    // As in a build: the old arguments were for the old program.
    delete config['Cmd'];
  },
  ENV: (config, value) => {
    const added = pairsOf(value, 'ENV');
    const kept = listOf(config['Env']).filter((entry) => !added.some(([key]) => entry.startsWith(`${key}=`)));
    config['Env'] = [...kept, ...added.map(([key, text]) => `${key}=${text}`)];
  },
  EXPOSE: (config, value) => addKeys(config, 'ExposedPorts', value.split(/\s+/).map(portOf)),
  LABEL: (config, value) => {
    config['Labels'] = {
      ...(config['Labels'] as object | undefined),
      ...Object.fromEntries(pairsOf(value, 'LABEL')),
    };
  },
  ONBUILD: (config, value) => {
    config['OnBuild'] = [...listOf(config['OnBuild']), value];
  },
  STOPSIGNAL: (config, value) => {
    config['StopSignal'] = value;
  },
  USER: (config, value) => {
    config['User'] = value;
  },
  VOLUME: (config, value) => addKeys(config, 'Volumes', jsonList(value) ?? value.split(/\s+/)),
  WORKDIR: (config, value) => {
    config['WorkingDir'] = value;
  },
};

/** The exec form is a JSON array, anything else is for the shell. */
function commandOf(value: string): string[] {
  return jsonList(value) ?? ['/bin/sh', '-c', value];
}

function jsonList(value: string): string[] | undefined {
  if (!value.startsWith('[')) return undefined;
  try {
    const list: unknown = JSON.parse(value);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : undefined;
  } catch {
    return undefined;
  }
}

/** `A=b C="d e"`, or the old form of one pair, `A b c`. */
function pairsOf(value: string, instruction: string): [string, string][] {
  const old = /^([^\s=]+)\s+(.+)$/s.exec(value);
  if (old !== null) return [[old[1] ?? '', old[2] ?? '']];
  const pairs: [string, string][] = [];
  for (const match of value.matchAll(/([^\s=]+)=((?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])*)/gs)) {
    pairs.push([match[1] ?? '', unquoted(match[2] ?? '')]);
  }
  if (pairs.length === 0) throw new UsageError(`invalid change ${instruction} ${value}: expected KEY=VALUE`);
  return pairs;
}

function unquoted(text: string): string {
  return text.replace(
    /"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/gs,
    (_, double?: string, single?: string, escaped?: string) =>
      double === undefined ? (single ?? escaped ?? '') : double.replace(/\\(["\\$])/g, '$1'),
  );
}

function portOf(text: string): string {
  if (!/^\d+(-\d+)?(\/(tcp|udp|sctp))?$/i.test(text))
    throw new UsageError(`invalid change EXPOSE ${text}: not a port`);
  return text.includes('/') ? text.toLowerCase() : `${text}/tcp`;
}

function addKeys(config: RunConfigDocument, member: string, keys: readonly string[]): void {
  const added = Object.fromEntries(keys.map((key) => [key, {}]));
  config[member] = { ...(config[member] as object | undefined), ...added };
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}
