/**
 * Named places at which a crash test kills this process (SIGKILL, as a power cut would). Without the variable
 * `TSPOD_CRASH_AT` they do nothing. `TSPOD_CRASH_AT=name` kills at the first pass, `name:3` at the third.
 */
const wanted = parse(process.env['TSPOD_CRASH_AT']);
let passes = 0;

export function crashPoint(name: string): void {
  if (wanted === undefined || wanted.name !== name) return;
  passes += 1;
  if (passes >= wanted.pass) process.kill(process.pid, 'SIGKILL');
}

/** What is killed is to be left as it is, for others to find. */
export function isCrashTest(): boolean {
  return wanted !== undefined;
}

function parse(value: string | undefined): { name: string; pass: number } | undefined {
  if (value === undefined || value === '') return undefined;
  const [name = '', pass = '1'] = value.split(':');
  return { name, pass: Number(pass) };
}
