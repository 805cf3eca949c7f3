import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { ANALYSIS_SCHEMA } from '../../src/report/analysis-schema.ts';
import { jsonLine, renderJson } from '../../src/report/json.ts';
import { CLEAN, SAMPLE } from './sample.ts';

const validate = new Ajv2020({ strict: true, allErrors: true }).compile(ANALYSIS_SCHEMA);

test.each([SAMPLE, CLEAN])('what is printed fits the schema', (analysis) => {
  validate(JSON.parse(renderJson(analysis)));
  expect(validate.errors).toBeNull();
});

test('keys stand in the documented order, which is that of the schema', () => {
  const document = JSON.parse(renderJson(SAMPLE));
  const keysOf = (schema: unknown): string[] => Object.keys((schema as { properties: object }).properties);
  const items = (name: string): unknown =>
    (ANALYSIS_SCHEMA as { properties: Record<string, { items: unknown }> }).properties[name]?.items;
  expect(Object.keys(document)).toEqual(keysOf(ANALYSIS_SCHEMA));
  for (const list of ['sources', 'clocks', 'devices', 'findings', 'rules', 'health', 'unrecognised']) {
    expect(Object.keys(document[list][0]), list).toEqual(keysOf(items(list)));
  }
});

test.each([
  ['an unknown key', { ...SAMPLE, extra: 1 }],
  ['an unknown class', { ...SAMPLE, complete: ['everything'] }],
  ['an unknown verdict', { ...SAMPLE, findings: [{ ...SAMPLE.findings[0], verdict: 'certain' }] }],
  ['a time as a number', { ...SAMPLE, findings: [{ ...SAMPLE.findings[0], time: 55.4 }] }],
  ['a short address', { ...SAMPLE, devices: [{ ...SAMPLE.devices[0], bdf: '02:00.0' }] }],
  ['a missing key', { ...SAMPLE, health: undefined }],
])('the schema refuses %s', (_what, document) => {
  expect(validate(JSON.parse(JSON.stringify(document)))).toBe(false);
});

test('the document ends with one newline and is stable', () => {
  expect(renderJson(SAMPLE)).toMatch(/[^\n]\n$/);
  expect(renderJson(SAMPLE)).toBe(renderJson(structuredClone(SAMPLE)));
});

test('a record of JSON lines stays on its line', () => {
  expect(jsonLine({ text: 'a\nb\u2028c\u007f\u{e0041}' })).toBe('{"text":"a\\nb\\u2028c\\u007f\\udb40\\udc41"}\n');
});
