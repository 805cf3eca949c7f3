import { describe, expect, it } from 'vitest';
import type { EventKind } from '../../src/events/event.ts';
import type { Verdict } from '../../src/model/analysis.ts';
import type { DeviceTrack } from '../../src/replay/track.ts';
import type { Draft } from '../../src/rules/draft.ts';
import { Hopes } from '../../src/rules/hopes.ts';
import { UNBINDS } from '../../src/rules/rule.ts';
import type { StoredEvent } from '../../src/timeline/rows.ts';

const ONE = { id: 1 } as DeviceTrack;
const OTHER = { id: 2 } as DeviceTrack;
/** The operation is open from here to there. */
const [FROM, TO] = [10, 20];

const at = (id: number, kind: EventKind = 'tsm.unbind', outcome: StoredEvent['outcome'] = 'unknown') =>
  ({ id, kind, outcome }) as StoredEvent;

function finding(track = ONE): Draft {
  const violation = at(FROM, 'tsm.disconnect');
  const premise = { kind: 'premise' } as unknown as Draft['assumptions'][number];
  const assumptions = ['granted', 'of the record', premise];
  const bare = { track, violation, verdict: 'possible', severity: 'warning', summary: 'asked for', assumptions };
  return { ...bare, toConfirm: ['probe'] } as unknown as Draft;
}

interface More {
  readonly stays?: string;
  readonly otherwise?: Verdict | null;
}

function hoping(draft: Draft, { stays, otherwise = 'definite' }: More = {}): Hopes {
  const hopes = new Hopes();
  hopes.note({ draft, by: UNBINDS, before: TO, otherwise, stays, granted: ['granted'] });
  return hopes;
}

/** What it is in the end. */
function ended(hopes: Hopes, draft: Draft): string {
  hopes.end();
  return `${draft.verdict} ${draft.severity}`;
}

describe('what puts an operation right', () => {
  it('comes after it began and before it ended, and does what is hoped for', () => {
    for (const id of [FROM + 1, TO - 1]) {
      const draft = finding();
      const hopes = hoping(draft);
      expect(hopes.seen(at(id), ONE)).toEqual([draft]);
      // It is told once.
      expect(hopes.seen(at(id), ONE)).toEqual([]);
      expect(ended(hopes, draft)).toBe('possible warning');
    }
    for (const event of [at(FROM), at(TO), at(15, 'pci.enable'), at(15, 'tsm.unbind', 'failed')]) {
      const draft = finding();
      const hopes = hoping(draft);
      expect(hopes.seen(event, ONE)).toEqual([]);
      expect(ended(hopes, draft)).toBe('definite error');
    }
  });

  it('is done to the same device', () => {
    const [draft, second] = [finding(), finding(OTHER)];
    const hopes = hoping(draft);
    hopes.note({ draft: second, by: UNBINDS, before: TO, otherwise: 'definite', stays: undefined, granted: [] });
    expect(hopes.seen(at(15), OTHER)).toEqual([second]);
    expect(ended(hopes, draft)).toBe('definite error');
    expect(second.verdict).toBe('possible');
  });

  it('leaves the others of the device open', () => {
    const [draft, later] = [finding(), { ...finding(), violation: at(16) }];
    const hopes = hoping(draft);
    hopes.note({ draft: later, by: UNBINDS, before: 30, otherwise: 'probable', stays: undefined, granted: [] });
    expect(hopes.seen(at(15), ONE)).toEqual([draft]);
    expect(ended(hopes, draft)).toBe('possible warning');
    expect(later.verdict).toBe('probable');
  });

  it('leaves what was harsh a warning, without what had been assumed', () => {
    const draft = finding();
    const hopes = hoping(draft, { stays: 'the core unbound it' });
    expect(hopes.seen(at(15), ONE)).toEqual([]);
    expect(draft).toMatchObject({ verdict: 'possible', summary: 'asked for: the core unbound it', toConfirm: [] });
    expect(draft.assumptions).toEqual(['of the record', { kind: 'premise' }]);
    expect(ended(hopes, draft)).toBe('possible warning');
    const other = finding();
    hoping(other, { stays: 'the core unbound it' }).seen(at(15, 'pci.enable'), ONE);
    expect(other.summary).toBe('asked for');
  });
});

describe('what never came', () => {
  it('lets the finding be what it is without, where a record of it would be there', () => {
    const [draft, open] = [finding(), finding()];
    expect(ended(hoping(draft), draft)).toBe('definite error');
    expect(ended(hoping(open, { otherwise: null }), open)).toBe('possible warning');
  });

  it('may be among what was lost while the operation ran, and not after', () => {
    const [inside, before] = [finding(), finding()];
    const hopes = hoping(inside);
    hopes.lost(at(15), ONE);
    expect(hopes.seen(at(15), ONE)).toEqual([inside]);
    const lost = hoping(inside);
    lost.lost(at(TO), ONE);
    expect(ended(lost, inside)).toBe('possible warning');
    const whole = hoping(before);
    whole.lost(at(TO + 1), ONE);
    whole.lost(at(15), OTHER);
    expect(ended(whole, before)).toBe('definite error');
  });

  it('is waited for a while after the end, and given up then', () => {
    const late = (id: number, more: More = {}) => {
      const draft = finding();
      const hopes = hoping(draft, more);
      // Another one of the device goes on.
      const next = { ...finding(), violation: at(id) };
      hopes.note({ draft: next, by: UNBINDS, before: id + 10, otherwise: null, stays: undefined, granted: [] });
      hopes.seen(at(id, 'pci.enable'), ONE);
      const found = hopes.seen(at(15), ONE);
      return [found.includes(draft), ended(hopes, draft), next.verdict].join(' ');
    };
    expect(late(TO + 255)).toBe('true possible warning possible');
    expect(late(TO + 256)).toBe('false definite error possible');
    expect(late(TO + 256, { otherwise: null })).toBe('false possible warning possible');
    const draft = finding();
    const hopes = hoping(draft);
    hopes.seen(at(1000, 'pci.enable'), ONE);
    expect(hopes.seen(at(15), ONE)).toEqual([]);
    expect(ended(hopes, draft)).toBe('definite error');
  });
});
