import { describe, expect, it } from 'vitest';
import { modelDocument, modelDot, modelMermaid, modelText } from '../../src/report/model.ts';
import { Page } from '../../src/report/page.ts';

describe('the printed model', () => {
  it('shows a row of the request table', () => {
    const text = modelText(new Page(100, false));
    expect(text).toMatch(/^ {2}LOCK_INTERFACE_REQUEST +locked +refused +refused +refused *$/m);
    expect(text).toMatch(/^ {2}conventional-reset += +unlocked +unlocked +unlocked *$/m);
  });

  it('has no way into RUN but START, and none from ERROR but to CONFIG_UNLOCKED', () => {
    const ways = [...modelMermaid().matchAll(/^ {2}(\w+) --> (\w+): (.+)$/gm)].map(([, from, to, by]) => ({
      from,
      to,
      by,
    }));
    expect(ways.filter(({ to }) => to === 'run')).toEqual([
      { from: 'locked', to: 'run', by: 'START_INTERFACE_REQUEST' },
    ]);
    expect(new Set(ways.filter(({ from }) => from === 'error').map(({ to }) => to))).toEqual(new Set(['unlocked']));
  });

  it('is the same machine for dot', () => {
    const dot = [...modelDot().matchAll(/^ {2}(\w+) -> (\w+) /gm)].map(([, from, to]) => `${from} ${to}`);
    const mermaid = [...modelMermaid().matchAll(/^ {2}(\w+) --> (\w+):/gm)].map(([, from, to]) => `${from} ${to}`);
    expect(dot).toEqual(mermaid);
    expect(dot).toHaveLength(7);
  });

  it('is plain data', () => {
    const document = modelDocument();
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });
});
