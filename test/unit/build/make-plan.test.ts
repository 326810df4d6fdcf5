// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a Containerfile are written like this

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planBuild, resolveSource } from '../../../src/build/make-plan.ts';
import { parseContainerfile } from '../../../src/build/parse-containerfile.ts';
import type { BuildPlan, NamedContexts } from '../../../src/build/plan.ts';
import { openStageScope } from '../../../src/build/stage-scope.ts';

interface Given {
  target?: string;
  buildArgs?: Record<string, string>;
  platform?: string;
  from?: string;
  contexts?: NamedContexts;
  skipUnusedStages?: boolean;
}

function plan(text: string, given: Given = {}): BuildPlan {
  return planBuild(parseContainerfile(text, 'f'), {
    target: given.target,
    buildArgs: new Map(Object.entries(given.buildArgs ?? {})),
    platform: given.platform ?? 'linux/arm64',
    from: given.from,
    contexts: given.contexts ?? new Map(),
    skipUnusedStages: given.skipUnusedStages ?? true,
  });
}

const STAGES = `FROM one AS a
FROM two AS b
COPY --from=a x y
FROM three AS c
RUN --mount=type=bind,from=b,target=/m x
FROM a AS d
FROM scratch
COPY --from=0 x y`;

function indexes({ stages }: BuildPlan): number[] {
  return stages.map(({ index }) => index);
}

describe('the plan of a build', () => {
  test('holds the stages that the target needs', () => {
    assert.deepEqual(indexes(plan(STAGES)), [0, 4]);
    assert.deepEqual(indexes(plan(STAGES, { target: 'C' })), [0, 1, 2]);
    assert.deepEqual(indexes(plan(STAGES, { target: 'd' })), [0, 3]);
    assert.deepEqual(indexes(plan(STAGES, { target: '1' })), [0, 1]);
  });

  test('holds all up to the target when none is to be skipped', () => {
    assert.deepEqual(indexes(plan(STAGES, { target: 'd', skipUnusedStages: false })), [0, 1, 2, 3]);
  });

  test('suggests a stage for a target that there is not', () => {
    assert.throws(
      () => plan('FROM x AS build', { target: 'buidl' }),
      /target stage "buidl" could not be found/,
    );
  });

  test('expands FROM with the args before it', () => {
    const text = 'ARG V=1\nARG I=img:$V\nFROM --platform=$BUILDPLATFORM ${I} AS x';
    assert.deepEqual(plan(text).target.base, { kind: 'image', name: 'img:1' });
    assert.deepEqual(plan(text, { buildArgs: { V: '2' } }).target.base, { kind: 'image', name: 'img:2' });
    assert.match(plan(text).target.platform, /^linux\//);
    assert.throws(() => plan('FROM ${NOPE}'), /f:1: the image of FROM is empty/);
  });

  test('finds sources that are named by a variable', () => {
    const text = 'ARG S=a\nFROM one AS a\nFROM two\nARG S\nCOPY --from=$S x y';
    assert.deepEqual(indexes(plan(text)), [0, 1]);
  });

  test('puts another image in place of the first', () => {
    assert.deepEqual(plan('FROM one\nUSER x', { from: 'other' }).target.base, {
      kind: 'image',
      name: 'other',
    });
  });

  test('lets contexts win over stages and images', () => {
    const contexts: NamedContexts = new Map([
      ['a', { kind: 'files' }],
      ['alpine', { kind: 'image', name: 'mine' }],
    ]);
    const made = plan('FROM one AS x\nFROM docker.io/library/alpine:latest\nCOPY --from=a x y', { contexts });
    assert.deepEqual(made.target.base, { kind: 'image', name: 'mine' });
    assert.deepEqual(resolveSource(made, 1, 'a'), { kind: 'context', name: 'a' });
    assert.deepEqual(resolveSource(made, 1, 'other'), { kind: 'image', name: 'other' });
  });

  test('refuses the number of a stage that comes later', () => {
    assert.throws(() => plan('FROM a\nCOPY --from=3 x y'), /f:2: there is no stage 3 before this one/);
  });

  test('tells build args that nothing takes', () => {
    assert.deepEqual(
      plan('ARG A\nFROM x\nARG B=1', { buildArgs: { A: '', B: '', C: '', HTTP_PROXY: '' } }).unusedBuildArgs,
      ['C'],
    );
  });
});

describe('the variables of a stage', () => {
  const made = plan('ARG G=global\nFROM x', { buildArgs: { GIVEN: 'given', https_proxy: 'p' } });
  const scope = () => openStageScope(made.globals, ['PATH=/bin', 'X=base']);

  test('take an ARG from the command line, its default, or the args before FROM', () => {
    const stage = scope();
    stage.declareArg('GIVEN', 'default');
    stage.declareArg('D', 'default');
    stage.declareArg('G', undefined);
    stage.declareArg('TARGETARCH', undefined);
    stage.declareArg('NOTHING', undefined);
    assert.deepEqual(
      ['GIVEN', 'D', 'G', 'TARGETARCH', 'NOTHING'].map((name) => stage.lookup(name)),
      ['given', 'default', 'global', 'arm64', undefined],
    );
  });

  test('do not see what is not declared', () => {
    assert.deepEqual(['G', 'GIVEN', 'TARGETARCH'].map(scope().lookup), [undefined, undefined, undefined]);
  });

  test('prefer ENV to ARG', () => {
    const stage = scope();
    stage.declareArg('X', 'arg');
    assert.equal(stage.lookup('X'), 'base');
    stage.setEnv('Y', 'env');
    stage.declareArg('Y', 'arg');
    assert.equal(stage.lookup('Y'), 'env');
    assert.deepEqual(stage.env(), ['PATH=/bin', 'X=base', 'Y=env']);
    assert.deepEqual(stage.args(), []);
  });
});
