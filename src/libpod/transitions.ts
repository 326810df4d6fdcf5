import { ConflictError, WrongStateError } from '../base/errors.ts';

/**
 * States of a container as stored. `creating`, `starting` and `removing` are transient: the row names their owner, and once that
 * process is gone anyone may take over (settle.ts).
 */
export type ContainerState =
  | 'creating'
  | 'created'
  | 'initialized'
  | 'starting'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'exited'
  | 'removing';

export type Transition =
  | 'complete-create'
  | 'begin-init'
  | 'complete-init'
  | 'begin-start'
  | 'complete-start'
  | 'fail-start'
  | 'fail-restore'
  | 'pause'
  | 'unpause'
  | 'begin-stop'
  | 'record-exit'
  | 'begin-remove'
  | 'lose-run-root';

interface Rule {
  from: readonly ContainerState[];
  to: ContainerState;
}

/** Every change of a container's state that tspod makes; anything else is a bug or a wrong request. */
export const TRANSITIONS: Readonly<Record<Transition, Rule>> = {
  'complete-create': { from: ['creating'], to: 'created' },
  'begin-init': { from: ['created', 'exited'], to: 'starting' },
  'complete-init': { from: ['starting'], to: 'initialized' },
  'begin-start': { from: ['created', 'initialized', 'exited'], to: 'starting' },
  'complete-start': { from: ['starting'], to: 'running' },
  'fail-start': { from: ['starting', 'initialized'], to: 'created' },
  'fail-restore': { from: ['starting'], to: 'exited' },
  pause: { from: ['running'], to: 'paused' },
  unpause: { from: ['paused'], to: 'running' },
  'begin-stop': { from: ['running', 'stopping', 'paused'], to: 'stopping' },
  'record-exit': {
    from: ['starting', 'initialized', 'running', 'paused', 'stopping', 'exited'],
    to: 'exited',
  },
  'begin-remove': {
    from: ['creating', 'created', 'initialized', 'starting', 'exited', 'removing'],
    to: 'removing',
  },
  'lose-run-root': { from: ['initialized'], to: 'created' },
};

/** The new state, or WrongStateError in the user's words. */
export function nextState(
  current: ContainerState,
  transition: Transition,
  { name, id }: { name: string; id: string },
): ContainerState {
  const rule = TRANSITIONS[transition];
  if (rule.from.includes(current)) return rule.to;
  throw wrongState(current, transition, { name, id });
}

function wrongState(
  current: ContainerState,
  transition: Transition,
  { name, id }: { name: string; id: string },
): ConflictError {
  if (current === 'removing') return new ConflictError(`container ${name} is being removed`);
  const wanted = TRANSITIONS[transition].from.filter(
    (state) => state !== 'creating' && state !== 'starting' && state !== 'removing',
  );
  return new WrongStateError(
    `cannot ${VERBS[transition]} container ${name}: it is ${current}, must be ${wanted.join(' or ')}`,
    dockerWords(current, transition, id),
  );
}

function dockerWords(current: ContainerState, transition: Transition, id: string): { docker?: string } {
  if (transition === 'unpause') return { docker: `Container ${id} is not paused` };
  if (transition !== 'pause') return {};
  return { docker: `Container ${id} is ${current === 'paused' ? 'already paused' : 'not running'}` };
}

const VERBS: Readonly<Record<Transition, string>> = {
  'complete-create': 'create',
  'begin-init': 'initialize',
  'complete-init': 'initialize',
  'begin-start': 'start',
  'complete-start': 'start',
  'fail-start': 'start',
  'fail-restore': 'restore',
  pause: 'pause',
  unpause: 'unpause',
  'begin-stop': 'stop',
  'record-exit': 'record the exit of',
  'begin-remove': 'remove',
  'lose-run-root': 'reset',
};

/** podman's words for `ps` and `inspect`. */
export function displayState(state: ContainerState): string {
  if (state === 'creating' || state === 'starting') return 'created';
  return state;
}
