// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a Containerfile are written like this

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Instruction } from '../../../src/build/instruction.ts';
import { parseContainerfile, parseTrigger } from '../../../src/build/parse-containerfile.ts';
import { resolveInstruction } from '../../../src/build/resolve-instruction.ts';

function instructions(lines: string, variables: Record<string, string> = {}): Instruction[] {
  const file = parseContainerfile(`FROM base\n${lines}`, 'Dockerfile');
  return (file.stages[0]?.instructions ?? []).map((parsed) =>
    resolveInstruction(parsed, { lookup: (name) => variables[name] }),
  );
}

function only(lines: string, variables: Record<string, string> = {}): Instruction {
  const [first, ...rest] = instructions(lines, variables);
  assert.ok(first !== undefined);
  assert.equal(rest.length, 0);
  return first;
}

function shellText(lines: string): string {
  const run = only(lines);
  assert.ok(run.keyword === 'RUN' && run.command.form === 'shell');
  return run.command.text;
}

describe('the lines of a Containerfile', () => {
  test('are joined over escapes, comments and empty lines', () => {
    assert.equal(shellText('RUN a && \\\n# no\n   # no\n\n  b \\  \n c'), 'a &&   b  c');
  });

  test('are read at once, however many blanks are in them', { timeout: 60_000 }, () => {
    const blanks = ' '.repeat(1_000_000);
    assert.equal(shellText(`RUN a${blanks}b`), `a${blanks}b`);
  });

  test('do not go on after an escaped escape', () => {
    assert.equal(shellText('RUN echo \\\\\nENV a=b'.split('\n')[0] ?? ''), 'echo \\\\');
  });

  test('go on after a backtick when the directive says so', () => {
    const file = parseContainerfile('# escape=`\nFROM x\nRUN a `\n b \\\nRUN c', 'f');
    assert.deepEqual(
      file.stages[0]?.instructions.map(({ rest }) => rest),
      ['a  b \\', 'c'],
    );
  });

  test('may end as on Windows, and begin with a byte order mark', () => {
    const file = parseContainerfile('\ufeffFROM x\r\nRUN a \\\r\n b\r\nCMD ["c"]\r\n', 'f');
    assert.deepEqual(
      file.stages[0]?.instructions.map(({ raw }) => raw),
      ['RUN a  b', 'CMD ["c"]'],
    );
  });

  test('know where they stand', () => {
    const file = parseContainerfile('# c\n\nFROM x\nRUN a \\\n  b\nRUN <<E\nx\nE\nUSER u', 'f');
    assert.deepEqual(
      file.stages[0]?.instructions.map(({ at }) => [at.firstLine, at.lastLine]),
      [
        [4, 5],
        [6, 8],
        [9, 9],
      ],
    );
  });

  test('take keywords in any case', () => {
    assert.deepEqual(only('workdir /x'), { keyword: 'WORKDIR', path: '/x' });
  });
});

describe('directives', () => {
  test('are read at the top only', () => {
    assert.equal(parseContainerfile('# syntax=a\n# escape=`\nFROM x', 'f').directives.escape, '`');
    assert.equal(parseContainerfile('# hello\n# escape=`\nFROM x', 'f').directives.escape, '\\');
  });

  test('are refused twice, and with values that cannot be', () => {
    assert.throws(() => parseContainerfile('# escape=`\n# escape=`\nFROM x', 'f'), /f:2: only one escape/);
    assert.throws(() => parseContainerfile('# escape=x\nFROM x', 'f'), /f:1: invalid escape character "x"/);
  });
});

describe('heredocs', () => {
  test('are the script of RUN', () => {
    assert.equal(shellText('RUN <<EOF\nset -e\n  echo $x\nEOF'), 'set -e\n  echo $x\n');
    assert.equal(shellText('RUN <<-EOF\n\t\ta\n\tb\n\tEOF'), 'a\nb\n');
  });

  test('are a program of their own when they begin with #!', () => {
    const run = only('RUN <<EOF\n#!/bin/awk -f\nx\nEOF');
    assert.ok(run.keyword === 'RUN');
    assert.deepEqual(run.command, { form: 'script', content: '#!/bin/awk -f\nx\n' });
  });

  test('are left to the shell when there is more to the command', () => {
    assert.equal(shellText('RUN cat <<A > x && cat <<B\n1\nA\n2\nB'), 'cat <<A > x && cat <<B\n1\nA\n2\nB');
  });

  test('are files of COPY, expanded unless their name is quoted', () => {
    const copy = only(`COPY <<a.txt <<'b.txt' c /d/\n"$V" \\$V\na.txt\n$V\nb.txt`, { V: '1' });
    assert.ok(copy.keyword === 'COPY');
    assert.deepEqual(copy.files, [
      { name: 'a.txt', content: '"1" $V\n' },
      { name: 'b.txt', content: '$V\n' },
    ]);
    assert.deepEqual(copy.sources, ['c']);
    assert.equal(copy.destination, '/d/');
  });

  test('are none in quotes, in arithmetic and in here-strings', () => {
    for (const text of ['echo "<<EOF"', 'echo $((1 << 2))', 'cat <<<word'])
      assert.equal(shellText(`RUN ${text}`), text);
  });

  test('must end', () => {
    assert.throws(
      () => parseContainerfile('FROM x\nRUN <<EOF\nabc\n', 'f'),
      /f:2: unterminated heredoc: no line "EOF" follows/,
    );
  });
});

describe('instructions', () => {
  test('of the JSON form keep their words', () => {
    assert.deepEqual(only('CMD ["a", "$b c"]'), {
      keyword: 'CMD',
      command: { form: 'exec', words: ['a', '$b c'] },
    });
    assert.deepEqual(only('CMD [a]'), { keyword: 'CMD', command: { form: 'shell', text: '[a]' } });
  });

  test('ENV and LABEL take both ways of writing', () => {
    assert.deepEqual(only('ENV a=1 b="x y" c=$v d=\\$v', { v: 'V' }), {
      keyword: 'ENV',
      entries: [
        { name: 'a', value: '1' },
        { name: 'b', value: 'x y' },
        { name: 'c', value: 'V' },
        { name: 'd', value: '$v' },
      ],
    });
    assert.deepEqual(only('LABEL old  a value'), {
      keyword: 'LABEL',
      entries: [{ name: 'old', value: 'a value' }],
    });
  });

  test('ENV sees the values from before it', () => {
    assert.deepEqual(only('ENV a=new b=$a', { a: 'old' }), {
      keyword: 'ENV',
      entries: [
        { name: 'a', value: 'new' },
        { name: 'b', value: 'old' },
      ],
    });
  });

  test('EXPOSE writes ranges out', () => {
    assert.deepEqual(only('EXPOSE 80 $p/udp 90-92', { p: '53' }), {
      keyword: 'EXPOSE',
      ports: ['80/tcp', '53/udp', '90/tcp', '91/tcp', '92/tcp'],
    });
  });

  test('HEALTHCHECK has its durations in nanoseconds', () => {
    assert.deepEqual(only('HEALTHCHECK --interval=1m30s --retries=2 CMD ["x"]'), {
      keyword: 'HEALTHCHECK',
      check: {
        command: { form: 'exec', words: ['x'] },
        interval: 90e9,
        timeout: undefined,
        startPeriod: undefined,
        startInterval: undefined,
        retries: 2,
      },
    });
    assert.deepEqual(only('HEALTHCHECK NONE'), { keyword: 'HEALTHCHECK', check: undefined });
  });

  test('COPY takes its flags', () => {
    const copy = only('COPY --from=$s --chown=a:b --chmod=u=rwX,go=rX --link --exclude=*.o --exclude=x a b', {
      s: 'Stage',
    });
    assert.ok(copy.keyword === 'COPY');
    assert.equal(copy.from, 'Stage');
    assert.equal(copy.chmod, 'u=rwX,go=rX');
    assert.equal(copy.link, true);
    assert.equal(copy.parents, false);
    assert.deepEqual(copy.excludes, ['*.o', 'x']);
  });

  test('RUN takes mounts of all kinds, with expanded values', () => {
    const run = only(
      'RUN --mount=type=bind,from=b,src=/x,dst=/y,rw --mount=type=cache,target=/c,sharing=locked,uid=$u ' +
        '--mount=type=secret,id=t,env=TOKEN --mount=type=tmpfs,target=/t,size=1m --mount=type=ssh,required make',
      { u: '7' },
    );
    assert.ok(run.keyword === 'RUN');
    const [bind, cache, secret, tmpfs, ssh] = run.mounts;
    assert.deepEqual(bind, {
      type: 'bind',
      target: '/y',
      source: '/x',
      from: 'b',
      readWrite: true,
      selinux: undefined,
    });
    assert.ok(cache?.type === 'cache' && cache.uid === 7 && cache.sharing === 'locked' && cache.id === '/c');
    assert.ok(secret?.type === 'secret' && secret.env === 'TOKEN' && secret.target === undefined);
    assert.ok(tmpfs?.type === 'tmpfs' && tmpfs.size === 1 << 20);
    assert.ok(ssh?.type === 'ssh' && ssh.id === 'default' && ssh.required);
  });

  test('ONBUILD keeps its instruction, heredoc and all', () => {
    assert.deepEqual(only('ONBUILD RUN <<E\nx\nE'), { keyword: 'ONBUILD', trigger: 'RUN <<E\nx\nE' });
    assert.equal(parseTrigger('RUN <<E\nx\nE', 'base').heredocs[0]?.content, 'x\n');
  });
});

describe('what is wrong', () => {
  const cases: [string, string, RegExp][] = [
    [
      'an unknown instruction',
      'FROM x\nRUNN y',
      /f:2: unknown instruction "RUNN"\n2 \| RUNN y\n {2}\| \^\^\^\^$/,
    ],
    ['an unknown flag', 'FROM x\nCOPY --form=y a b', /f:2: unknown flag --form of COPY/],
    ['a flag given twice', 'FROM x\nCOPY --from=a --from=b c d', /--from is given twice/],
    ['a flag without a value', 'FROM x\nCOPY --from a b', /--from needs a value/],
    ['COPY without a destination', 'FROM x\nCOPY a', /f:2: COPY needs at least one source and a destination/],
    ['numbers in the JSON form', 'FROM x\nCMD ["a", 1]', /the JSON form takes strings only/],
    ['SHELL without JSON', 'FROM x\nSHELL /bin/sh', /SHELL takes a JSON array/],
    ['a port that is none', 'FROM x\nEXPOSE 99999', /"99999" is not a port/],
    ['a signal that is none', 'FROM x\nSTOPSIGNAL SIGFOO', /invalid signal: SIGFOO/],
    ['ENV without a value', 'FROM x\nENV a', /ENV needs a value after a/],
    ['a word without =', 'FROM x\nENV a=1 b', /"b" is not of the form name=value/],
    ['an open brace', 'FROM x\nENV a=${b', /f:2: "}" is missing after \${b/],
    ['an open quote', 'FROM x\nWORKDIR "$a', /double quote is not closed/],
    [
      'a mount of no kind',
      'FROM x\nRUN --mount=type=bnd,target=/x y',
      /unsupported mount type "bnd": did you mean bind\?/,
    ],
    ['a key of a mount', 'FROM x\nRUN --mount=type=cache,tagret=/x y', /no "tagret": did you mean target\?/],
    ['a mount without target', 'FROM x\nRUN --mount=type=cache y', /the mount has no target/],
    ['no FROM', 'ARG a', /there is no FROM in the file/],
    ['nothing', '# x\n', /there is no instruction in the file/],
    ['something before FROM', 'RUN x\nFROM y', /f:1: RUN before the first FROM/],
    ['FROM with too much', 'FROM a b c d', /FROM takes an image/],
    ['a stage name', 'FROM a AS 1x', /invalid name for a stage: "1x"/],
    ['ONBUILD of ONBUILD', 'FROM x\nONBUILD ONBUILD RUN y', /ONBUILD is not allowed behind ONBUILD/],
    ['a wrong ONBUILD', 'FROM x\nONBUILD COPY a', /COPY needs at least one source/],
    ['a symbolic mode', 'FROM x\nCOPY --chmod=rwx a b', /--chmod takes a mode/],
    ['a checksum', 'FROM x\nADD --checksum=md5:1 a b', /--checksum takes sha256/],
  ];
  for (const [title, text, expected] of cases)
    test(`is told with file and line: ${title}`, () => {
      assert.throws(() => parseContainerfile(text, 'f'), expected);
    });

  test('comes with a suggestion', () => {
    assert.throws(
      () => parseContainerfile('FROM x\nRUNN y', 'f'),
      (error: Error & { hint?: string }) => error.hint === 'did you mean RUN?',
    );
  });

  test('cannot write to the terminal through the excerpt', () => {
    assert.throws(
      () => parseContainerfile('FROM x\nFOO \u001b[31m', 'f'),
      (error: Error) => !error.message.includes('\u001b'),
    );
  });
});
