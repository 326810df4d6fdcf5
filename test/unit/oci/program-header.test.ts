import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { executesMachine, machineName, parseProgramHeader } from '../../../src/oci/program-header.ts';
import { tinyElf } from '../../fixtures/tiny-elf.ts';

const parse = (text: string) => parseProgramHeader(Buffer.from(text));

describe('the header of a program', () => {
  it('names the interpreter of a script, without blanks and arguments', () => {
    const header = { kind: 'script', interpreter: '/bin/sh', endsInCarriageReturn: false };
    assert.deepEqual(parse('#!/bin/sh\necho\n'), header);
    assert.deepEqual(parse('#! \t/bin/sh -e\n'), header);
    assert.deepEqual(parse('#!/bin/sh'), header);
  });

  it('tells of a carriage return only where it becomes part of the name', () => {
    assert.deepEqual(parse('#!/bin/sh\r\n'), {
      kind: 'script',
      interpreter: '/bin/sh',
      endsInCarriageReturn: true,
    });
    assert.deepEqual(parse('#!/usr/bin/env sh\r\n'), {
      kind: 'script',
      interpreter: '/usr/bin/env',
      endsInCarriageReturn: false,
    });
  });

  it('tells nothing, text and text behind a byte order mark apart', () => {
    assert.deepEqual(parse(''), { kind: 'empty' });
    assert.deepEqual(parse('echo'), { kind: 'unknown', hasByteOrderMark: false });
    assert.deepEqual(parse('\ufeff#!/bin/sh'), { kind: 'unknown', hasByteOrderMark: true });
    assert.deepEqual(parse('\x7fELF'), { kind: 'unknown', hasByteOrderMark: false });
  });

  it('has the machine and the loader of an ELF file', () => {
    const loader = '/lib/ld-musl.so.1';
    assert.deepEqual(parseProgramHeader(tinyElf(183, loader)), { kind: 'elf', machine: 183, loader });
    assert.deepEqual(parseProgramHeader(tinyElf(62, undefined)), {
      kind: 'elf',
      machine: 62,
      loader: undefined,
    });
  });

  it('is read from a damaged file, too', () => {
    const damaged = tinyElf(62, '/lib/ld');
    damaged.writeBigUInt64LE(2n ** 60n, 32);
    assert.deepEqual(parseProgramHeader(damaged), { kind: 'elf', machine: 62, loader: undefined });
    assert.deepEqual(parseProgramHeader(tinyElf(62, '/lib/ld').subarray(0, 60)).kind, 'elf');
  });
});

describe('a machine', () => {
  it('executes its own programs and those of its smaller sister', () => {
    assert.ok(executesMachine('amd64', 62) && executesMachine('amd64', 3) && executesMachine('arm64', 40));
    assert.ok(!executesMachine('amd64', 183) && !executesMachine('arm64', 62));
    assert.equal(machineName(0x1234), 'machine type 4660');
  });
});
