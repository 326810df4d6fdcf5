/** Go's time.Time as templates see it: printed as Go prints it, RFC 3339 as JSON, with the methods that templates call. */
export class GoTime extends Date {
  readonly text: string;

  constructor(rfc3339: string) {
    super(rfc3339);
    this.text = rfc3339;
  }

  override toJSON(): string {
    return this.text;
  }

  /** `2026-01-02 03:04:05.000000006 +0000 UTC` */
  goString(): string {
    const [, day = '', time = '', fraction = '', zone = ''] = PARTS.exec(this.text) ?? [];
    const offset = zone.replace(':', '');
    return `${day} ${time}${fraction.replace(/\.?0*$/, '')} ${zone === 'Z' ? '+0000 UTC' : `${offset} ${offset}`}`;
  }

  method(name: string): ((...args: unknown[]) => unknown) | undefined {
    switch (name) {
      case 'Unix':
        return () => Math.floor(this.getTime() / 1000);
      case 'UnixMilli':
        return () => this.getTime();
      case 'IsZero':
        return () => this.text.startsWith('0001-01-01T00:00:00');
      case 'Year':
        return () => Number(this.text.slice(0, 4));
      case 'UTC':
        return () => (this.text.endsWith('Z') ? this : new GoTime(this.toISOString()));
      case 'String':
        return () => this.goString();
      case 'Format':
        return (layout) => this.#format(String(layout));
      default:
        return undefined;
    }
  }

  /** In the time's own zone, as all of Go's layouts are. */
  #format(layout: string): string {
    const [, day = '', time = '', , zone = ''] = PARTS.exec(this.text) ?? [];
    const [year = '', month = '', date = ''] = day.split('-');
    const [hour = '', minute = '', second = ''] = time.split(':');
    const weekday = WEEKDAYS[new Date(`${day}T00:00:00Z`).getUTCDay()] ?? '';
    const monthName = MONTHS[Number(month) - 1] ?? '';
    const words: Readonly<Record<string, string>> = {
      ...{ '2006': year, '06': year.slice(2), '01': month, '02': date, _2: date.replace(/^0/, ' ') },
      ...{
        '1': bare(month),
        '2': bare(date),
        '3': String(Number(hour) % 12 || 12),
        '4': bare(minute),
        '5': bare(second),
      },
      ...{ '15': hour, '03': String(Number(hour) % 12 || 12).padStart(2, '0'), '04': minute, '05': second },
      ...{ January: monthName, Jan: monthName.slice(0, 3), Monday: weekday, Mon: weekday.slice(0, 3) },
      ...{ PM: Number(hour) < 12 ? 'AM' : 'PM', MST: zone === 'Z' ? 'UTC' : zone.replace(':', '') },
      ...{ 'Z07:00': zone, '-0700': zone === 'Z' ? '+0000' : zone.replace(':', '') },
    };
    return layout.replace(LAYOUT, (word) => words[word] ?? word);
  }
}

const PARTS = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const LAYOUT = /2006|January|Jan|Monday|Mon|MST|Z07:00|-0700|PM|_2|0[1-6]|15|[1-5]/g;
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June'],
  ...['July', 'August', 'September', 'October', 'November', 'December'],
];

function bare(digits: string): string {
  return digits.replace(/^0/, '');
}

/** Undefined for what is no time. */
export function goTimeOf(text: string): GoTime | undefined {
  return PARTS.test(text) ? new GoTime(text) : undefined;
}
