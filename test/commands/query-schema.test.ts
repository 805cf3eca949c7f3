import { expect, test } from 'vitest';
import { HEALTH_CODES } from '../../src/base/health.ts';
import { Arguments } from '../../src/commands/arguments.ts';
import { command } from '../../src/commands/schema.ts';
import { ANALYSIS_SCHEMA } from '../../src/report/analysis-schema.ts';
import { VIEWS } from '../../src/timeline/schema-doc.ts';

async function schema(values: Record<string, unknown>): Promise<string> {
  let out = '';
  const sink = {
    async write(text: string) {
      out += text;
    },
    closed: false,
    isTerminal: false,
    color: false,
    width: 100,
  };
  const { signal } = new AbortController();
  const endBySignal = () => signal;
  const context = { stdout: sink, stderr: sink, stdinIsTerminal: false, env: {}, signal, endBySignal };
  expect(await command.run(new Arguments(values), context)).toBe(0);
  return out;
}

test('schema prints every view, column, example and health code', async () => {
  const out = await schema({});
  for (const view of VIEWS) {
    const start = out.indexOf(`\n${view.name}: one row is ${view.row}\n`);
    expect(start, view.name).toBeGreaterThan(0);
    for (const column of view.columns) expect(out.slice(start)).toContain(`\n  ${column.name} `);
    for (const example of view.examples) expect(out).toContain(`\n  ${example.sql}\n`);
  }
  for (const [code, { severity }] of Object.entries(HEALTH_CODES)) {
    expect(out).toMatch(new RegExp(`^  ${code} +${severity} `, 'm'));
  }
});

test('schema --json prints the JSON Schema of an analysis', async () => {
  expect(JSON.parse(await schema({ json: true }))).toEqual(ANALYSIS_SCHEMA);
});
