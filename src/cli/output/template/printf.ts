import { GoDuration } from './go-duration-value.ts';
import { goNumber, goString, goStringWithNames, goSyntax, quote } from './go-print.ts';
import { typeName } from './go-value.ts';

interface Spec {
  flags: string;
  width: number | undefined;
  precision: number | undefined;
  verb: string;
}

const DIRECTIVE = /%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(.?)/gsu;

/** fmt.Sprintf, with Go's notes about wrong, missing and surplus operands in the text. */
export function sprintf(format: string, operands: readonly unknown[]): string {
  let next = 0;
  const take = (): unknown => operands[next++];
  const text = format.replace(
    DIRECTIVE,
    (_, flags: string, width?: string, precision?: string, verb?: string) => {
      const spec: Spec = {
        flags,
        width: width === '*' ? Number(take()) : width === undefined ? undefined : Number(width),
        precision:
          precision === '*' ? Number(take()) : precision === undefined ? undefined : Number(precision),
        verb: verb ?? '',
      };
      if (spec.width !== undefined && spec.width < 0) {
        spec.flags += '-';
        spec.width = -spec.width;
      }
      if (spec.verb === '%') return '%';
      if (spec.verb === '') return '%!(NOVERB)';
      if (next >= operands.length) return `%!${spec.verb}(MISSING)`;
      return pad(formatOne(spec, take()), spec);
    },
  );
  if (next >= operands.length) return text;
  const surplus = operands.slice(next).map((item) => `${typeName(item)}=${goString(item)}`);
  return `${text}%!(EXTRA ${surplus.join(', ')})`;
}

function formatOne(spec: Spec, value: unknown): string {
  const { verb, flags } = spec;
  if (verb === 'v') {
    if (flags.includes('#')) return goSyntax(value);
    return flags.includes('+') && typeof value === 'object' ? goStringWithNames(value) : goString(value);
  }
  if (verb === 'T') return typeName(value);
  if (value instanceof GoDuration)
    return formatOne(spec, verb === 's' || verb === 'q' ? value.goString() : value.valueOf());
  if (Array.isArray(value)) return `[${value.map((item) => formatOne(spec, item)).join(' ')}]`;
  if (verb === 't' && typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return formatText(spec, value) ?? wrong(verb, value);
  if (typeof value === 'number' || typeof value === 'bigint')
    return formatNumber(spec, value) ?? wrong(verb, value);
  if (verb === 's' && typeof value === 'object' && value !== null) return goString(value);
  return wrong(verb, value);
}

function formatText({ verb, flags, precision }: Spec, value: string): string | undefined {
  const text = precision === undefined ? value : [...value].slice(0, precision).join('');
  const gap = flags.includes(' ') ? ' ' : '';
  switch (verb) {
    case 's':
      return text;
    case 'q':
      return flags.includes('#') && !text.includes('`') ? `\`${text}\`` : quote(text);
    case 'x':
      return hexBytes(text, gap);
    case 'X':
      return hexBytes(text, gap).toUpperCase();
    default:
      return undefined;
  }
}

function formatNumber(spec: Spec, value: number | bigint): string | undefined {
  const whole = typeof value === 'bigint' || Number.isInteger(value);
  const text = whole ? formatInteger(spec, BigInt(value)) : undefined;
  const result = text ?? formatFloat(spec, Number(value));
  return result !== undefined && spec.flags.includes('+') && Number(value) >= 0 ? `+${result}` : result;
}

function formatInteger({ verb, flags, precision }: Spec, value: bigint): string | undefined {
  const size = value < 0n ? -value : value;
  const sign = value < 0n ? '-' : flags.includes(' ') && !flags.includes('+') ? ' ' : '';
  const sharp = flags.includes('#');
  const digits = (radix: number): string => size.toString(radix).padStart(precision ?? 0, '0');
  switch (verb) {
    case 'd':
      return sign + digits(10);
    case 'b':
      return sign + (sharp ? '0b' : '') + digits(2);
    case 'o':
      return sign + (sharp ? '0' : '') + digits(8);
    case 'O':
      return `${sign}0o${digits(8)}`;
    case 'x':
      return sign + (sharp ? '0x' : '') + digits(16);
    case 'X':
      return sign + (sharp ? '0X' : '') + digits(16).toUpperCase();
    case 'c':
      return String.fromCodePoint(Number(size));
    case 'q':
      return `'${String.fromCodePoint(Number(size))}'`;
    case 'U':
      return `U+${size.toString(16).toUpperCase().padStart(4, '0')}`;
    default:
      return undefined;
  }
}

function formatFloat({ verb, precision }: Spec, value: number): string | undefined {
  switch (verb) {
    case 'f':
    case 'F':
      return value.toFixed(precision ?? 6);
    case 'e':
      return exponential(value, precision ?? 6);
    case 'E':
      return exponential(value, precision ?? 6).toUpperCase();
    case 'g':
    case 'G':
      return precision === undefined ? goNumber(value) : goNumber(Number(value.toPrecision(precision || 1)));
    default:
      return undefined;
  }
}

function exponential(value: number, digits: number): string {
  return value.toExponential(digits).replace(/e([+-])(\d)$/, 'e$10$2');
}

function hexBytes(text: string, gap: string): string {
  return [...Buffer.from(text)].map((byte) => byte.toString(16).padStart(2, '0')).join(gap);
}

function wrong(verb: string, value: unknown): string {
  if (value === null || value === undefined) return `%!${verb}(<nil>)`;
  return `%!${verb}(${typeName(value)}=${goString(value)})`;
}

function pad(text: string, { flags, width, verb }: Spec): string {
  if (width === undefined) return text;
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!flags.includes('0') || !'dboxXeEfFgGO'.includes(verb)) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.test(text) ? text.charAt(0) : '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}
