/** The tree of a parsed template. `at` is where in the source a node stands, `source` how it is written. */
interface Place {
  at: number;
  source: string;
}

export type Node =
  | { kind: 'text'; text: string }
  | { kind: 'action'; pipe: Pipe }
  | { kind: 'if' | 'with' | 'range'; pipe: Pipe; body: Node[]; otherwise: Node[] | undefined }
  | ({ kind: 'template'; name: string; pipe: Pipe | undefined } & Place)
  | { kind: 'break' | 'continue' };

export interface Pipe extends Place {
  /** Variables that get the value (two in a range: index and element). */
  variables: string[];
  /** `:=` makes them, `=` changes them. */
  isAssignment: boolean;
  commands: Command[];
}

export interface Command extends Place {
  operands: [Operand, ...Operand[]];
}

export type Operand = Place &
  (
    | { kind: 'dot' }
    | { kind: 'nil' }
    | { kind: 'constant'; value: string | number | boolean }
    | { kind: 'function'; name: string }
    /** `.A.B`, or `$x.A` with a variable. */
    | { kind: 'field'; variable: string | undefined; names: string[] }
    /** `(pipe)`, or `(pipe).A.B`. */
    | { kind: 'group'; pipe: Pipe; names: string[] }
  );

export interface Template {
  name: string;
  source: string;
  body: Node[];
  /** Bodies of define and block, by name. */
  defined: Map<string, Node[]>;
}
