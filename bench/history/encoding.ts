/**
 * Encoding of lines on one core, without any server.
 */
import { deviceKinds } from '../../devices/kinds/index.ts';

import { createReadingFormat } from '../../influx/copy/reading-lines.ts';
import { readingAt } from './readings.ts';

export function benchEncoding(): Record<string, string | number>[] {
  const format = createReadingFormat(deviceKinds, () => ({ river: 'kali-garang' }));
  const readings = Array.from({ length: 200_000 }, (_, index) => readingAt(index));
  const rates: number[] = [];
  let bytes = 0;
  for (let round = 0; round < 9; round++) {
    const startedAt = performance.now();
    bytes = 0;
    for (let at = 0; at < readings.length; at += 2_000) {
      bytes += readings
        .slice(at, at + 2_000)
        .map(format)
        .join('\n').length;
    }
    rates.push((readings.length / (performance.now() - startedAt)) * 1_000);
  }
  rates.sort((a, b) => a - b);
  return [
    {
      encoding: 'lines on one core',
      'lines/s median': Math.round(rates[4] as number),
      'worst of 9': Math.round(rates[0] as number),
      'bytes a line': Math.round(bytes / readings.length),
    },
  ];
}
