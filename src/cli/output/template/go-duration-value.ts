/** Go's time.Duration as templates see it: nanoseconds that are printed as `1m30s`, with the methods that templates call. */
export class GoDuration extends Number {
  /** `1h2m3.5s`, `1.5ms`, `0s` */
  goString(): string {
    const nanoseconds = Math.abs(this.valueOf());
    const sign = this.valueOf() < 0 ? '-' : '';
    if (nanoseconds === 0) return '0s';
    const [unit, size] = UNITS.find(([, least]) => nanoseconds >= least) ?? SECONDS;
    if (unit !== 's') return `${sign}${decimal(nanoseconds / size)}${unit}`;
    const whole = Math.floor(nanoseconds / MINUTE);
    const seconds = `${decimal((nanoseconds - whole * MINUTE) / size)}s`;
    if (whole === 0) return sign + seconds;
    const minutes = `${whole % 60}m${seconds}`;
    return whole < 60 ? sign + minutes : `${sign}${Math.floor(whole / 60)}h${minutes}`;
  }

  method(name: string): (() => unknown) | undefined {
    const nanoseconds = this.valueOf();
    switch (name) {
      case 'Hours':
        return () => nanoseconds / (60 * MINUTE);
      case 'Minutes':
        return () => nanoseconds / MINUTE;
      case 'Seconds':
        return () => nanoseconds / 1e9;
      case 'Milliseconds':
        return () => Math.trunc(nanoseconds / 1e6);
      case 'Microseconds':
        return () => Math.trunc(nanoseconds / 1e3);
      case 'Nanoseconds':
        return () => nanoseconds;
      case 'String':
        return () => this.goString();
      default:
        return undefined;
    }
  }
}

const MINUTE = 60e9;
const SECONDS = ['s', 1e9] as const;
const UNITS = [SECONDS, ['ms', 1e6], ['µs', 1e3], ['ns', 1]] as const;

/** Without the zeros at its end, which Go does not print. */
function decimal(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, '');
}
