/** What the first bytes of a file tell the kernel about how to execute it. */
export type ProgramHeader =
  | { kind: 'empty' }
  /** Neither of the others: the kernel says "exec format error". */
  | { kind: 'unknown'; hasByteOrderMark: boolean }
  | { kind: 'script'; interpreter: string; endsInCarriageReturn: boolean }
  | { kind: 'elf'; machine: number; loader: string | undefined };

/** As many bytes as `parseProgramHeader` wants to see of a file; loaders are named in the first ones. */
export const HEADER_BYTES = 16_384;

const PT_INTERP = 3;
const ELF_MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

export function parseProgramHeader(bytes: Buffer): ProgramHeader {
  if (bytes.length === 0) return { kind: 'empty' };
  if (bytes.subarray(0, 4).equals(ELF_MAGIC) && bytes.length >= 52) return parseElf(bytes);
  if (bytes.toString('latin1', 0, 2) !== '#!')
    return { kind: 'unknown', hasByteOrderMark: bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) };
  const [firstLine = ''] = bytes.toString('utf8', 2, Math.min(bytes.length, 256)).split('\n', 1);
  const [interpreter = ''] = firstLine.replace(/^[ \t]+/, '').split(/[ \t]/, 1);
  return {
    kind: 'script',
    interpreter: interpreter.replace(/\r$/, ''),
    endsInCarriageReturn: interpreter.endsWith('\r'),
  };
}

function parseElf(bytes: Buffer): ProgramHeader {
  const isWide = bytes[4] === 2;
  const isBigEndian = bytes[5] === 2;
  const read = (offset: number, size: 2 | 4 | 8): number => {
    if (offset < 0 || offset + size > bytes.length) return 0;
    if (size === 2) return isBigEndian ? bytes.readUInt16BE(offset) : bytes.readUInt16LE(offset);
    if (size === 4) return isBigEndian ? bytes.readUInt32BE(offset) : bytes.readUInt32LE(offset);
    return Number(isBigEndian ? bytes.readBigUInt64BE(offset) : bytes.readBigUInt64LE(offset));
  };
  const machine = read(18, 2);
  const table = isWide ? read(32, 8) : read(28, 4);
  const entrySize = read(isWide ? 54 : 42, 2);
  const count = read(isWide ? 56 : 44, 2);
  for (let index = 0; index < count; index++) {
    const entry = table + index * entrySize;
    if (entry + entrySize > bytes.length) break;
    if (read(entry, 4) !== PT_INTERP) continue;
    const start = isWide ? read(entry + 8, 8) : read(entry + 4, 4);
    const size = isWide ? read(entry + 32, 8) : read(entry + 16, 4);
    const loader = bytes.toString('utf8', start, start + size).replace(/\0.*$/s, '');
    return { kind: 'elf', machine, loader: loader === '' ? undefined : loader };
  }
  return { kind: 'elf', machine, loader: undefined };
}

const MACHINES: Readonly<Record<number, string>> = {
  2: 'sparc',
  3: 'i386',
  8: 'mips',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  43: 'sparc64',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
};

export function machineName(machine: number): string {
  return MACHINES[machine] ?? `machine type ${machine}`;
}

/** Whether a processor executes such programs by itself; the architecture in the words of images. */
export function executesMachine(architecture: string, machine: number): boolean {
  const name = machineName(machine);
  if (name === architecture) return true;
  return (
    (architecture === 'amd64' && name === 'i386') ||
    (architecture === 'arm64' && name === 'arm') ||
    (architecture === 'ppc64le' && name === 'ppc64')
  );
}
