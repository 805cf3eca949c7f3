import { describe, expect, test } from 'vitest';
import type { JudgeOptions } from '../src/analysis.ts';
import type { Platform } from '../src/model/states.ts';
import { brief } from './support/analyze.ts';
import { type Line, render, STEPS, type StepName } from './support/histories.ts';
import { FORMS, type Form, FTRACE } from './support/history/forms.ts';
import { isLegal } from './support/history/moves.ts';
import { born, done, type Life, named, type Start } from './support/history/walk.ts';
import { analyzeLog } from './support/in-memory.ts';
import { omniscient } from './support/runs.ts';

// Legal histories that were accused once: what the properties of the other files found, one by one.

const READY = ['connect', 'open', 'set Bus Master and Memory Space', 'bind'];

/** One function, and what is done to it in order; each of it is what the model allows. */
function life(platform: Platform, moves: readonly string[], how: Partial<Start> = {}): Life {
  const start: Start = { platform, index: 0, isVf: false, deep: true, bindLocks: true, alone: true, ...how };
  return moves.reduce((before, name) => {
    const move = named(name);
    expect(isLegal(move, before.world), name).toBe(true);
    return done(before, move);
  }, born(start));
}

const profiles = (platform: Platform): Partial<JudgeOptions>[] => [
  { platform },
  { platform, fromBoot: true },
  { platform, complete: ['bind', 'guest-request'] },
  omniscient(platform),
];

async function verdicts(form: Form, { entries }: Life, platform: Platform): Promise<string[]> {
  const all = await Promise.all(profiles(platform).map((how) => analyzeLog(form.render(entries), how)));
  return [...new Set(all.flatMap(({ findings }) => findings.map(({ verdict, rule }) => `${verdict} ${rule}`)))].sort();
}

const formOf = (name: string): Form => FORMS.find((form) => form.name === name) ?? FTRACE;

describe('a bind that is repeated for the same VM changes nothing', () => {
  const moves = [...READY, 'stop', 'bind to the same VM again', 'reset ioctl'];

  test.each(['tdx', 'sev-tio', 'cca'] as const)('after the guest has stopped its TDI: %s', async (platform) => {
    for (const form of [FTRACE, formOf('function_graph with arguments and results')])
      expect(await verdicts(form, life(platform, moves), platform)).toEqual([]);
  });

  test('as far as a trace of bare functions can tell: what the guest asked for, it cannot', async () => {
    expect(await verdicts(formOf('function tracer'), life('tdx', moves), 'tdx')).toEqual([
      'possible bar-zap-while-bound',
      'possible flr-while-locked',
    ]);
  });
});

test('a request of the driver without its argument may be the STOP, though it is the first one', async () => {
  const bare = life('tdx', [...READY, 'stop', 'reset ioctl']);
  expect(await verdicts(formOf('function tracer'), bare, 'tdx')).toEqual([
    'possible bar-zap-while-bound',
    'possible flr-while-locked',
  ]);
});

describe('Memory Space Enable of a VF that no record shows to be one', () => {
  // The VF comes back inside a call whose end is not recorded.
  const moves = [
    'connect',
    'SR-IOV off and on',
    'open',
    'bind',
    'set Bus Master and Memory Space',
    'clear Memory Space of a VF',
    'bind to the same VM again',
  ];

  const vf = (): Life => life('generic', moves, { isVf: true, deep: false });

  test('is not taken for one that counts', async () => {
    expect(await verdicts(FTRACE, vf(), 'generic')).toEqual([]);
    // The administrator connects another function while it is opened: whose the call around the coming of the VF is, is open then.
    const other = (index: number) => life('generic', ['connect'], { index, deep: false, alone: false }).entries;
    const own = vf().entries;
    const opened = own.findIndex((entry) => entry.is === 'said' && entry.said.text.includes('enabling device'));
    const entries = [...other(2), ...own.slice(0, opened), ...other(1), ...own.slice(opened)];
    expect(await verdicts(formOf('function tracer with arguments'), { ...vf(), entries }, 'generic')).toEqual([
      'possible mse-clear-while-locked',
    ]);
  });

  test('nor where nothing at all is known of the function', async () => {
    const entries = vf().entries.filter(({ step }) => !/^(?:arrival|connect|SR-IOV)/.test(step));
    const { findings } = await analyzeLog(FTRACE.render(entries), { platform: 'generic' });
    expect(findings.map(brief)).toEqual(['possible mse-clear-while-locked 0000:02:10.0 :25']);
  });
});

describe('a bind to another VM', () => {
  const BDF = '0000:01:00.0';
  const lines = (names: readonly (StepName | 'bind elsewhere')[]): Line[] =>
    names.flatMap((name) =>
      STEPS[name === 'bind elsewhere' ? 'bind' : name](BDF).map((text) => ({
        task: 300,
        bdf: BDF,
        text: name === 'bind elsewhere' ? text.replace('kvm=0x1000', 'kvm=0x2000') : text,
        step: name,
      })),
    );
  const findings = async (names: readonly (StepName | 'bind elsewhere')[], how: Partial<JudgeOptions> = {}) =>
    (await analyzeLog(render(lines(names)), how)).findings;
  const BEFORE: StepName[] = ['connect', 'open', 'enableBits', 'bind'];

  test.each([{}, { platform: 'tdx' }, { platform: 'sev-tio', fromBoot: true }] as const)(
    'shows an unbind that nobody recorded, which may have come before the reset: %o',
    async (how) => {
      const [finding, ...others] = await findings([...BEFORE, 'reset', 'bind elsewhere'], how);
      expect(others).toEqual([]);
      expect(finding && brief(finding)).toMatch(/^possible flr-while-locked/);
      expect(finding?.by_later_evidence).toBe(true);
      expect(finding?.assumptions.join()).toMatch(/an unrecorded unbind/);
    },
  );

  test.each([0, 9])('is the one that a later finding shows, after %i requests of the first VM', async (asked) => {
    const requests = Array.from({ length: asked }, (): StepName => 'request');
    const names = [...BEFORE, ...requests, 'bind elsewhere', 'reset'] as const;
    const [finding, ...others] = await findings(names, { platform: 'sev-tio' });
    expect(others).toEqual([]);
    const shown = finding?.evidence.filter(({ role }) => role === 'state').map(({ text }) => text) ?? [];
    expect(shown).toEqual([expect.stringContaining('kvm=0x2000')]);
  });

  test('says nothing of a reset where the unbind between the two was recorded', async () => {
    const told = await findings([...BEFORE, 'reset', 'unbind', 'bind elsewhere'], { platform: 'sev-tio' });
    expect(told.map(({ verdict, rule }) => `${verdict} ${rule}`)).toEqual(['probable flr-while-locked']);
  });

  test('contradicts the declaration that every bind and unbind was recorded', async () => {
    const told = await findings([...BEFORE, 'bind elsewhere'], { platform: 'sev-tio', complete: ['bind'] });
    expect(told.map(({ verdict, rule }) => `${verdict} ${rule}`)).toEqual(['inconsistent double-bind']);
    expect(told[0]?.summary).toMatch(/no unbind was recorded/);
    expect(told[0]?.assumptions.join()).not.toMatch(/refused/);
  });
});
