import { describe, expect, it } from 'vitest';
import { BOUND_LOCKED, CONNECTED, UNBOUND } from '../../src/model/tdi.ts';
import { Belief } from '../../src/replay/belief.ts';
import type { RecordedEvents } from '../../src/replay/recorded.ts';
import { Replay } from '../../src/replay/replay.ts';
import { DeviceTrack, SPANS_MAX, spansPerDevice } from '../../src/replay/track.ts';
import type { StoredDevice, StoredEvent } from '../../src/timeline/rows.ts';
import { NOTHING_TOLD } from './replay-options.ts';
import { storedEvent } from './stored-event.ts';

const DEVICE: StoredDevice = {
  id: 1,
  sourceId: 1,
  bdf: '0000:02:00.0',
  pf: null,
  dsm: null,
  guestBdf: null,
  aliases: [],
  certainty: 'exact',
  fromTime: null,
  toTime: null,
  events: 0,
};

function event(id: number, more: Partial<StoredEvent> = {}): StoredEvent {
  return storedEvent('pci.enable', { id, time: BigInt(id), text: 'x'.repeat(1000), ...more });
}

describe('the spans of a device', () => {
  const states = [BOUND_LOCKED, CONNECTED].map((state) => Belief.only(state));
  const alternate = (track: DeviceTrack, from: number, to: number) => {
    for (let id = from; id < to; id++) track.believe(states[id % 2] as Belief, event(id));
  };

  it('keep where the change was called, and nothing of the text', () => {
    const track = new DeviceTrack(DEVICE, true);
    track.believe(states[0] as Belief, event(7, { phase: 'exit', pairId: 5, pairLine: 5 }));
    expect(track.spans.map(({ cause }) => cause)).toEqual([null, { eventId: 7, sourceId: 1, line: 5, time: 7n }]);
  });

  it('are as many as there are changes, up to a limit, and then the last one stands for all', () => {
    const track = new DeviceTrack(DEVICE, true, 10);
    alternate(track, 0, 9);
    expect([track.spans.length, track.mergedSpans]).toEqual([10, 0]);
    expect(track.spans.at(-1)?.layers.bind).toEqual(['bound']);
    alternate(track, 9, 1000);
    expect([track.spans.length, track.mergedSpans]).toEqual([10, 991]);
    expect(track.spans.at(-1)?.layers.bind).toEqual(['connected', 'bound']);
    expect(track.spans.at(-1)?.cause?.line).toBe(8);
    // What is believed goes on.
    track.believe(Belief.only(UNBOUND), event(1000));
    expect(track.belief.likeliest()).toEqual([UNBOUND]);
    expect(track.spans.at(-1)?.layers.bind).toEqual(['unbound', 'connected', 'bound']);
    expect(track.mergedSpans).toBe(992);
  });

  it('count a state that comes again only when it changed meanwhile', () => {
    const track = new DeviceTrack(DEVICE, true, 3);
    alternate(track, 0, 3);
    for (let id = 3; id < 10; id++) track.believe(states[0] as Belief, event(id));
    expect(track.mergedSpans).toBe(1);
  });

  it('are shared out among the devices', () => {
    expect([1, 4, 200, 20_000].map(spansPerDevice)).toEqual([SPANS_MAX, SPANS_MAX, 200, 50]);
  });
});

describe('the replay', () => {
  const observer = { step() {}, seen() {}, impossible() {} };

  it('can be interrupted: it lets others have their turn', async () => {
    const endless = {
      sources: () => [],
      devices: () => [DEVICE],
      events: (after: number, limit: number) =>
        Array.from({ length: Math.min(limit, 50) }, (_, i) => event(after + i + 1)),
      event: () => null,
    } as Partial<RecordedEvents> as RecordedEvents;
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error('enough')), 20);
    await expect(new Replay(endless, NOTHING_TOLD, observer).run(abort.signal)).rejects.toThrow('enough');
  });
});
