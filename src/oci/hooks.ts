import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, InvalidSpecError, messageOf } from '../base/errors.ts';
import type { OciHook } from './runtime-spec.ts';

const STAGES = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;
type Stage = (typeof STAGES)[number];

/** What a hook's conditions are held against. */
export interface HookSubject {
  /** `process.args` of the container. */
  args: readonly string[];
  annotations: Readonly<Record<string, string>>;
  hasBindMounts: boolean;
}

interface HookDefinition {
  hook: OciHook;
  stages: Stage[];
  when: {
    always: boolean | undefined;
    annotations: [RegExp, RegExp][];
    commands: RegExp[];
    hasBindMounts: boolean | undefined;
  };
}

/**
 * The hooks that hook definitions (oci-hooks(5), version 1.0.0) in the directories ask for, in the form of config.json. Files are read
 * in the order of their names, a later directory's file replacing an earlier one's of the same name. A missing directory has none.
 * Throws InvalidSpecError that names the file.
 */
export function hooksFor(
  directories: readonly string[],
  subject: HookSubject,
): Record<string, OciHook[]> | undefined {
  const files = new Map<string, string>();
  for (const directory of directories)
    for (const name of listDefinitions(directory)) files.set(name, join(directory, name));
  const hooks: Record<string, OciHook[]> = {};
  for (const name of [...files.keys()].sort()) {
    const definition = readDefinition(files.get(name) ?? name);
    if (!applies(definition.when, subject)) continue;
    for (const stage of definition.stages) hooks[stage] = [...(hooks[stage] ?? []), definition.hook];
  }
  return Object.keys(hooks).length === 0 ? undefined : hooks;
}

function listDefinitions(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw new InvalidSpecError(`cannot read hooks directory ${directory}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** All conditions that are given must hold; one of several patterns is enough. */
function applies(when: HookDefinition['when'], subject: HookSubject): boolean {
  const results: boolean[] = [];
  if (when.always !== undefined) results.push(when.always);
  if (when.hasBindMounts !== undefined) results.push(when.hasBindMounts === subject.hasBindMounts);
  if (when.commands.length > 0)
    results.push(when.commands.some((pattern) => pattern.test(subject.args[0] ?? '')));
  if (when.annotations.length > 0) {
    results.push(
      when.annotations.every(([key, value]) =>
        Object.entries(subject.annotations).some(([name, content]) => key.test(name) && value.test(content)),
      ),
    );
  }
  return results.length > 0 && results.every(Boolean);
}

function readDefinition(path: string): HookDefinition {
  try {
    return parseDefinition(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new InvalidSpecError(`hook definition ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function parseDefinition(json: unknown): HookDefinition {
  const top = object(json, 'the file');
  if (top['version'] !== '1.0.0')
    throw new Error(`version ${JSON.stringify(top['version'])} is not supported, must be "1.0.0"`);
  const hook = object(top['hook'], 'hook');
  const when = object(top['when'], 'when');
  const path = hook['path'];
  if (typeof path !== 'string' || !path.startsWith('/'))
    throw new Error('hook.path must be an absolute path');
  const timeout = hook['timeout'];
  const args = strings(hook['args'], 'hook.args');
  const env = strings(hook['env'], 'hook.env');
  return {
    hook: {
      path,
      ...(args.length > 0 ? { args } : {}),
      ...(env.length > 0 ? { env } : {}),
      ...(typeof timeout === 'number' ? { timeout } : {}),
    },
    stages: strings(top['stages'], 'stages').map(stage),
    when: {
      always: boolean(when['always'], 'when.always'),
      hasBindMounts: boolean(when['hasBindMounts'], 'when.hasBindMounts'),
      commands: strings(when['commands'], 'when.commands').map((pattern) => new RegExp(pattern)),
      annotations: Object.entries(object(when['annotations'] ?? {}, 'when.annotations')).map(
        ([key, value]) => [new RegExp(key), new RegExp(String(value))],
      ),
    },
  };
}

function stage(name: string): Stage {
  const found = STAGES.find((each) => each === name);
  if (found === undefined)
    throw new Error(`unknown stage ${JSON.stringify(name)}, must be one of ${STAGES.join(', ')}`);
  return found;
}

function object(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function strings(value: unknown, what: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw new Error(`${what} is not a list of strings`);
  return value;
}

function boolean(value: unknown, what: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw new Error(`${what} is not true or false`);
  return value;
}
