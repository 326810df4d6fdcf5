/** Builds a small ustar archive in memory: { path, type: 'file' | 'directory' | 'hardlink' | 'symlink', mode, data, target }. */
export function writeTar(entries) {
  const blocks = entries.flatMap((entry) => {
    const data = entry.data ?? Buffer.alloc(0);
    return [header(entry, data.length), data, Buffer.alloc((512 - (data.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const TYPES = { file: '0', hardlink: '1', symlink: '2', directory: '5' };

function header({ path, type, mode, target = '' }, size) {
  const block = Buffer.alloc(512);
  const octal = (value, offset, width) =>
    block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset, 'latin1');
  if (Buffer.byteLength(path) > 100) throw new RangeError(`path too long for this archive: ${path}`);
  block.write(path, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148);
  block.write(TYPES[type], 156);
  block.write(target, 157);
  block.write('ustar\x0000', 257, 'latin1');
  block.write('root', 265);
  block.write('root', 297);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
