import { expect, test } from 'vitest';
import { lintMetrics } from '../support/metric-lint.ts';

const exposition = (name: string, type: string, sample = `${name} 1`, help = 'What it is.') =>
  `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${sample}\n`;

test.each([
  ['siaga_readings', 'counter'],
  ['siaga_handles_total', 'gauge'],
  ['siaga:readings_total', 'counter'],
  ['siaga_puback_milliseconds', 'gauge'],
  ['siaga_puback_ms', 'gauge'],
  ['siaga_puback_minutes', 'gauge'],
  ['siaga_file_kilobytes', 'gauge'],
  ['siaga_units_gauge', 'gauge'],
  ['siaga_units_count', 'gauge'],
  ['siagaUnits', 'gauge'],
])('%s as a %s is told', (name, type) => {
  expect(lintMetrics(exposition(name, type))).toHaveLength(1);
});

test('help, types and labels are asked for, and what is right is left in peace', () => {
  expect(lintMetrics(exposition('siaga_file_bytes', 'gauge'))).toEqual([]);
  expect(lintMetrics(exposition('siaga_file_bytes', 'gauge', 'siaga_file_bytes 1', ''))).toHaveLength(1);
  expect(lintMetrics('siaga_file_bytes 1\n')).toEqual(['siaga_file_bytes: no type']);
  expect(
    lintMetrics(exposition('siaga_file_bytes', 'gauge', 'siaga_file_bytes{fileName="x"} 1')),
  ).toHaveLength(1);
  expect(lintMetrics(exposition('siaga_file_bytes', 'gauge', 'siaga_file_bytes{le="x"} 1'))).toHaveLength(1);
});
