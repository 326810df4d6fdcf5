import { fstatSync, readSync } from 'node:fs';
import { IntegrityError } from '../base/errors.ts';
import { parsePaxNumber, parsePaxRecords } from '../storage/tar/pax-records.ts';
import { parseTarHeader, type TarHeader } from '../storage/tar/tar-header.ts';

/** Where a regular file's bytes are in an uncompressed archive. */
export interface TarMember {
  offset: number;
  size: number;
}

const BLOCK = 512;
const MOST_MEMBERS = 100_000;
const LARGEST_EXTENSION = 1024 * 1024;
/** Old docker versions link a layer to an equal one; chains of links are short. */
const LONGEST_LINK_CHAIN = 10;

/**
 * The regular files of a seekable tar by cleaned name, without reading their contents. Links are followed inside the archive;
 * of several members with one name the last counts.
 */
export function indexTar(fd: number): Map<string, TarMember> {
  const files = new Map<string, TarMember>();
  const links = new Map<string, string>();
  for (const { name, linkName, header, offset } of headersOf(fd)) {
    const clean = cleanName(name);
    if (header.type === '0' || header.type === '7') {
      links.delete(clean);
      files.set(clean, { offset, size: header.size });
    } else if (header.type === '1' || header.type === '2') {
      const base = header.type === '2' ? clean.split('/').slice(0, -1) : [];
      files.delete(clean);
      links.set(clean, cleanName([...base, linkName].join('/')));
    }
    if (files.size + links.size > MOST_MEMBERS) throw new IntegrityError('the archive has too many members');
  }
  for (const name of links.keys()) {
    let target = name;
    for (let i = 0; i < LONGEST_LINK_CHAIN && links.has(target); i++) target = links.get(target) ?? '';
    const member = files.get(target);
    if (member !== undefined) files.set(name, member);
  }
  return files;
}

interface Found {
  name: string;
  linkName: string;
  /** With the size that counts. */
  header: TarHeader;
  /** Of the content. */
  offset: number;
}

function* headersOf(fd: number): Generator<Found> {
  const end = fstatSync(fd).size;
  let position = 0;
  let name: string | undefined;
  let linkName: string | undefined;
  let size: number | undefined;
  for (;;) {
    const block = readAt(fd, position, BLOCK);
    if (block.length === 0) return;
    if (block.length < BLOCK) throw new IntegrityError('the archive ends in the middle of a header');
    const header = parseTarHeader(block);
    if (header === undefined) return;
    position += BLOCK;
    const total = size ?? header.size;
    if (header.type === 'x' || header.type === 'L' || header.type === 'K') {
      if (header.size > LARGEST_EXTENSION)
        throw new IntegrityError('the archive has an absurd extended header');
      const data = readAt(fd, position, header.size);
      if (header.type === 'x') {
        const { fields } = parsePaxRecords(data);
        name = fields.get('path') ?? name;
        linkName = fields.get('linkpath') ?? linkName;
        const wide = fields.get('size');
        if (wide !== undefined) size = parsePaxNumber(wide, 'size');
      } else {
        const end = data.indexOf(0);
        const text = data.toString('latin1', 0, end === -1 ? data.length : end);
        if (header.type === 'L') name = text;
        else linkName = text;
      }
      position += padded(header.size);
      continue;
    }
    yield {
      name: name ?? header.name,
      linkName: linkName ?? header.linkName,
      header: { ...header, size: total },
      offset: position,
    };
    // Links may carry the size of their target, but never its bytes.
    const isLink = header.type === '1' || header.type === '2';
    if (!isLink && position + total > end)
      throw new IntegrityError(`the archive ends in the middle of ${name ?? header.name}`);
    position += isLink ? 0 : padded(total);
    name = undefined;
    linkName = undefined;
    size = undefined;
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(fd, buffer, filled, length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return buffer.subarray(0, filled);
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Names are bytes in a tar; those of image archives are ASCII. `./` and `..` are resolved within the archive. */
function cleanName(name: string): string {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
