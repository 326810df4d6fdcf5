/** A document of plain values as YAML, keys in alphabetical order, as podman's `info` prints it. */
export function toYaml(value: unknown): string {
  return isEmpty(value) ? `${scalar(value)}\n` : `${lines(value, 0).join('\n')}\n`;
}

const INDENT = 2;

function lines(value: unknown, depth: number): string[] {
  const margin = ' '.repeat(depth * INDENT);
  if (Array.isArray(value)) {
    return value.flatMap((item) => {
      if (isEmpty(item) || !isComposite(item)) return [`${margin}- ${scalar(item, depth + 1)}`];
      const [first = '', ...rest] = lines(item, depth + 1);
      return [`${margin}- ${first.trimStart()}`, ...rest];
    });
  }
  return Object.entries(value as Record<string, unknown>)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, item]) => {
      const name = `${margin}${scalar(key)}:`;
      if (isEmpty(item) || !isComposite(item)) return [`${name} ${scalar(item, depth + 1)}`];
      // A list stands as far left as the key it belongs to.
      return [name, ...lines(item, Array.isArray(item) ? depth : depth + 1)];
    });
}

function isComposite(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isEmpty(value: unknown): boolean {
  return !isComposite(value) || Object.keys(value as object).length === 0;
}

function scalar(value: unknown, depth = 0): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return '[]';
  if (typeof value === 'object') return '{}';
  if (typeof value !== 'string') return String(value);
  if (value.includes('\n') && !/[^\x20-\x7e\n]|^\s|\s$/.test(value)) {
    const margin = ' '.repeat(depth * INDENT);
    return `|-\n${value
      .split('\n')
      .map((line) => (line === '' ? '' : margin + line))
      .join('\n')}`;
  }
  if (needsQuotes(value))
    return value.includes("'") || /[^\x20-\x7e]/.test(value) ? JSON.stringify(value) : `'${value}'`;
  return looksLikeOther(value) ? JSON.stringify(value) : value;
}

/** It would be read as a number, a truth value or nothing. */
function looksLikeOther(text: string): boolean {
  return (
    text === '' ||
    /^(?:true|false|yes|no|on|off|y|n|null|~)$/i.test(text) ||
    /^[-+.]?(?:\d[\d_]*\.?\d*(?:e[-+]?\d+)?|0x[\da-f]+|0o?[0-7]+|\.inf|\.nan)$/i.test(text) ||
    /^\d{4}-\d\d?-\d\d?/.test(text)
  );
}

function needsQuotes(text: string): boolean {
  return /^[\s\-?:,[\]{}#&*!|>'"%@`]|: |:$| #|\s$|[^\x20-\x7e]/.test(text) && !/^-\S/.test(text);
}
