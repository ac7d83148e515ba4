/** Texts of figures and times. Times are UTC: the record of what happened has one clock. */

export function percent(share: number | null, digits = 1): string {
  return share === null ? '–' : `${(100 * share).toFixed(digits)} %`;
}

/** A figure in the unit of its metric. */
export function figure(value: number | null, unit: string): string {
  if (value === null) return '–';
  switch (unit) {
    case 'share':
      return percent(value, 2);
    case 'difference':
      return `${value < 0 ? '−' : value > 0 ? '+' : ''}${(100 * Math.abs(value)).toFixed(2)} points`;
    case 'nats':
      return `${value.toPrecision(3)} nats`;
    case 'auc':
      return value.toFixed(3);
    default:
      return String(Number(value.toPrecision(4)));
  }
}

export function dateTime(time: string): string {
  return time === '' ? '–' : `${time.slice(0, 10)} ${time.slice(11, 19)}`;
}

export function date(time: string): string {
  return time === '' ? '–' : time.slice(0, 10);
}

/** How long ago, or how far ahead, in the largest unit that says something. */
export function relative(time: string, nowMs = Date.now()): string {
  const seconds = (Date.parse(time) - nowMs) / 1000;
  if (Number.isNaN(seconds)) return '';
  const [size, unit] = unitOf(Math.abs(seconds));
  return new Intl.RelativeTimeFormat('en', { numeric: 'auto' }).format(
    Math.round(seconds / size),
    unit,
  );
}

function unitOf(seconds: number): [number, Intl.RelativeTimeFormatUnit] {
  if (seconds < 60) return [1, 'second'];
  if (seconds < 3_600) return [60, 'minute'];
  if (seconds < 86_400) return [3_600, 'hour'];
  return [86_400, 'day'];
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plural}`;
}

/** A request over several models has `*` for its model. */
export function modelName(modelKey: string): string {
  return modelKey === '*' ? 'several models' : modelKey;
}

/** `already_forgotten` → `already forgotten`. */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

export function daysLeftText(days: number): string {
  if (days === 0) return 'due today';
  return days > 0 ? `${count(days, 'day')} left` : `${count(-days, 'day')} overdue`;
}
