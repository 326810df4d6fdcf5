import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  TemplateExecError,
  TemplateSyntaxError,
} from '../../../../../src/cli/output/template/template-error.ts';
import { executeTemplate } from '../../../../../src/cli/output/template/execute.ts';
import { goMap, goStruct } from '../../../../../src/cli/output/template/go-value.ts';
import { parseTemplate } from '../../../../../src/cli/output/template/parse-template.ts';

const DATA = goStruct(
  'test.Data',
  {
    ID: 'abc',
    Names: ['a', 'b'],
    Empty: [],
    Labels: goMap({ z: '1', k: 'v' }),
    Count: 5,
    Half: 1.5,
    Off: false,
    Nil: null,
    Inner: goStruct('test.Inner', { Status: 'running', Health: null }),
    Join: (separator: string) => `a${separator}b`,
  },
  { aliases: { Id: 'ID' } },
);

function render(text: string): string {
  return executeTemplate(parseTemplate(text, 'ps'), DATA);
}

function rendersAll(cases: Record<string, string>): void {
  for (const [text, wanted] of Object.entries(cases)) assert.equal(render(text), wanted, text);
}

test('fields, aliases, chains and the values they print as', () => {
  rendersAll({
    '{{.ID}} {{.Id}}': 'abc abc',
    '{{.Names}} {{.Empty}} {{.Labels}}': '[a b] [] map[k:v z:1]',
    '{{.Inner.Status}} {{.Inner}}': 'running {running <nil>}',
    '{{.Count}} {{.Half}} {{.Off}} {{.Nil}}': '5 1.5 false <nil>',
    '{{.Labels.k}} {{.Labels.none}}': 'v <no value>',
    '{{(index .Names 1) | len}} {{(.Inner).Status}}': '1 running',
    '{{.Join "-"}} {{"+" | .Join}}': 'a-b a+b',
    '{{$.ID}} {{with .Inner}}{{$.ID}}{{end}}': 'abc abc',
  });
});

test('conditions: zero, empty and nil are false, a struct is true', () => {
  rendersAll({
    '{{if .ID}}y{{else}}n{{end}}': 'y',
    '{{if .Empty}}y{{else}}n{{end}}': 'n',
    '{{if .Nil}}y{{else}}n{{end}}': 'n',
    '{{if .Inner}}y{{end}}': 'y',
    '{{if .Off}}1{{else if eq .Count 5}}2{{else}}3{{end}}': '2',
    '{{if .Off}}1{{else if .Off}}2{{else}}3{{end}}': '3',
    '{{if .Inner.Health}}{{.Inner.Health.Status}}{{else}}none{{end}}': 'none',
  });
});

test('with changes the dot, and has an else', () => {
  rendersAll({
    '{{with .Inner}}{{.Status}}{{end}}': 'running',
    '{{with .Nil}}x{{else}}{{.ID}}{{end}}': 'abc',
    '{{with $x := .ID}}{{$x}}{{.}}{{end}}': 'abcabc',
    '{{with .Nil}}x{{else with .ID}}{{.}}{{end}}': 'abc',
  });
});

test('range goes over lists, maps in the order of their keys, and numbers', () => {
  rendersAll({
    '{{range .Names}}<{{.}}>{{end}}': '<a><b>',
    '{{range $i, $e := .Names}}{{$i}}{{$e}} {{end}}': '0a 1b ',
    '{{range $k, $v := .Labels}}{{$k}}={{$v}} {{end}}': 'k=v z=1 ',
    '{{range $e := .Names}}{{$e}}{{end}}': 'ab',
    '{{range .Empty}}x{{else}}none{{end}}': 'none',
    '{{range .Nil}}x{{else}}none{{end}}': 'none',
    '{{range 3}}{{.}}{{end}}': '012',
    '{{range .Names}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}': 'a',
    '{{range .Names}}{{if eq . "a"}}{{continue}}{{end}}{{.}}{{end}}': 'b',
  });
});

test('variables live to the end of their block, and may be changed from inside it', () => {
  rendersAll({
    '{{$x := 1}}{{range .Names}}{{$x = .}}{{end}}{{$x}}': 'b',
    '{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}': '21',
  });
  assert.throws(() => render('{{if true}}{{$x := 1}}{{end}}{{$x}}'), TemplateSyntaxError);
});

test('dashes trim the text beside an action, and comments vanish', () => {
  rendersAll({
    'a  {{- " x " -}}  b': 'a x b',
    'a {{/* c */}} b': 'a  b',
    'a {{- /* c */ -}} b': 'ab',
    '{{-3}}': '-3',
  });
});

test('literals', () => {
  rendersAll({
    '{{"q\\t\\"\\x41\\u00e9"}}': 'q\t"Aé',
    '{{`raw\\n`}}': 'raw\\n',
    "{{'a'}} {{0x10}} {{010}} {{1e3}} {{1_000}} {{true}}": '97 16 8 1000 1000 true',
  });
});

test('comparison', () => {
  rendersAll({
    '{{eq .Count 1 5}} {{eq .ID "x"}} {{ne .ID "x"}}': 'true false true',
    '{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 2}} {{lt "a" "b"}}': 'true true false true true',
    '{{eq .Nil nil}} {{not .Off}}': 'true true',
  });
});

test('and and or return an operand and do not look at more than they need', () => {
  rendersAll({
    '{{and .ID .Count}} {{and .Off .Nope.Nope}}': '5 false',
    '{{or .Off .ID}} {{or .ID .Nope}}': 'abc abc',
    '{{.ID | and true}}': 'abc',
  });
});

test('index, slice and len', () => {
  rendersAll({
    '{{index .Names 1}} {{index .Labels "k"}} {{index .Labels "none"}}|': 'b v |',
    '{{slice .ID 1}} {{slice .ID 0 2}} {{slice .Names 1}}': 'bc ab [b]',
    '{{len .ID}} {{len .Names}} {{len .Labels}}': '3 2 2',
  });
});

test('print, println and printf', () => {
  rendersAll({
    '{{print 1 2 "a" 3}}': '1 2a3',
    '{{println "x" 1}}': 'x 1\n',
    '{{printf "%s|%5s|%-5s|%q" "a" "b" "c" "d"}}': 'a|    b|c    |"d"',
    '{{printf "%d|%05d|%+d|%x|%X|%o|%b|%c" 7 7 7 255 255 8 5 65}}': '7|00007|+7|ff|FF|10|101|A',
    '{{printf "%.2f|%e|%v|%t|%T|%%" 1.5 1.5 .Names true .ID}}': '1.50|1.500000e+00|[a b]|true|string|%',
    '{{printf "%+v" .Inner}}': '{Status:running Health:<nil>}',
    '{{printf "%*d" 4 7}}': '   7',
    '{{printf "%d" "x"}} {{printf "%s" 5}} {{printf "%d"}} {{printf "a" 1}}':
      '%!d(string=x) %!s(int=5) %!d(MISSING) a%!(EXTRA int=1)',
    '{{.ID | printf "%s-%s" "x"}}': 'x-abc',
  });
});

test('the functions that docker and podman add', () => {
  rendersAll({
    '{{json .Labels}} {{json .Names}} {{json .Nil}} {{json "<&>"}}': '{"k":"v","z":"1"} ["a","b"] null "<&>"',
    '{{join .Names ","}} {{range split "a,b" ","}}<{{.}}>{{end}}': 'a,b <a><b>',
    '{{lower "AB"}} {{upper .ID}} {{title "ab cd"}} {{truncate .ID 2}}|{{pad .ID 1 2}}|{{pad "" 1 2}}|':
      'ab ABC Ab Cd ab| abc  ||',
  });
});

test('escaping for other languages', () => {
  rendersAll({
    '{{html "<a href=\'x\'>&"}}': '&lt;a href=&#39;x&#39;&gt;&amp;',
    '{{js "it\'s <b>"}}': "it\\'s \\u003Cb\\u003E",
    '{{urlquery "a b&c=d!"}}': 'a+b%26c%3Dd%21',
  });
});

test('templates may define and call templates', () => {
  rendersAll({
    '{{define "t"}}<{{.}}>{{end}}{{template "t" .ID}}{{template "t"}}': '<abc><<no value>>',
    '{{block "b" .ID}}[{{.}}]{{end}}': '[abc]',
  });
});

test("mistakes in the text are reported in Go's words", () => {
  const cases: Record<string, string> = {
    '{{foo}}': 'template: ps:1: function "foo" not defined',
    '\n{{foo}}': 'template: ps:2: function "foo" not defined',
    '{{.ID': 'template: ps:1: unclosed action',
    '{{if .ID}}': 'template: ps:1: unexpected EOF',
    '{{end}}': 'template: ps:1: unexpected {{end}}',
    '{{else}}': 'template: ps:1: unexpected {{else}}',
    '{{if}}x{{end}}': 'template: ps:1: missing value for if',
    '{{}}': 'template: ps:1: missing value for command',
    '{{$x}}': 'template: ps:1: undefined variable "$x"',
    '{{"x}}': 'template: ps:1: unterminated quoted string',
    '{{.Names.}}': 'template: ps:1: unexpected "." in operand',
    '{{(.ID}}': 'template: ps:1: unclosed left paren',
    '{{.ID)}}': 'template: ps:1: unexpected right paren',
    '{{1 | 2}}': 'template: ps:1: non executable command in pipeline stage 2',
    '{{.ID |}}': 'template: ps:1: missing value for command',
    '{{break}}': 'template: ps:1: {{break}} outside {{range}}',
    '{{3k}}': 'template: ps:1: bad number syntax: "3k"',
    '{{/* x}}': 'template: ps:1: unclosed comment',
    '{{.ID {{': "template: ps:1: bad character U+007B '{'",
  };
  for (const [text, message] of Object.entries(cases)) {
    assert.throws(
      () => render(text),
      (error) => error instanceof TemplateSyntaxError && error.message === message,
      text,
    );
  }
});

test("data that does not fit is reported in Go's words, with the place", () => {
  const cases: Record<string, string> = {
    '{{.Foo}}': `template: ps:1:2: executing "ps" at <.Foo>: can't evaluate field Foo in type test.Data`,
    'ab\n{{.Foo.Bar}}': `template: ps:2:6: executing "ps" at <.Foo.Bar>: can't evaluate field Foo in type test.Data`,
    '{{.ID.Foo}}': `template: ps:1:5: executing "ps" at <.ID.Foo>: can't evaluate field Foo in type string`,
    '{{.Nil.Foo}}': 'template: ps:1:6: executing "ps" at <.Nil.Foo>: nil pointer evaluating interface {}.Foo',
    '{{index .Names 7}}':
      'template: ps:1:2: executing "ps" at <index .Names 7>: error calling index: index out of range: 7',
    '{{len 3}}': 'template: ps:1:2: executing "ps" at <len 3>: error calling len: len of type int',
    '{{lt 1 "a"}}':
      'template: ps:1:2: executing "ps" at <lt 1 "a">: error calling lt: incompatible types for comparison',
    '{{len}}': 'template: ps:1:2: executing "ps" at <len>: wrong number of args for len: want 1 got 0',
    '{{.ID 1}}':
      'template: ps:1:2: executing "ps" at <.ID>: ID has arguments but cannot be invoked as function',
    '{{template "x"}}': 'template: ps:1:2: executing "ps" at <{{template "x"}}>: template "x" not defined',
    '{{range .ID}}{{end}}': 'template: ps:1:8: executing "ps" at <.ID>: range can\'t iterate over abc',
  };
  for (const [text, message] of Object.entries(cases)) {
    assert.throws(
      () => render(text),
      (error) => {
        assert.ok(error instanceof TemplateExecError, text);
        assert.equal(error.message, message);
        return true;
      },
      text,
    );
  }
});

test('a template that calls itself for ever is stopped', () => {
  assert.throws(() => render('{{define "t"}}{{template "t"}}{{end}}{{template "t"}}'), TemplateExecError);
});
