import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { JudgeOptions } from '../src/analysis.ts';
import { NEUTRAL_JUDGEMENT } from '../src/commands/reading.ts';
import { follow } from '../src/follow/follow.ts';
import type { Finding } from '../src/model/analysis.ts';
import { EVENT_CLASSES } from '../src/model/states.ts';
import { renderNews } from '../src/report/news.ts';
import { analyzeText, brief } from './support/analyze.ts';

// Worked examples of what records after a step make of the verdict on it. Functions: PCI/TSM core and vfio of Linux 7.x;
// sev_tio_tdi_status_fin(), which fills in the state that the device itself tells, of AMDESE/linux-kvm@16f379f5463a.

const BDF = '0000:02:00.0';

const call = (symbol: string, rest = '') => `p_${symbol}: (${symbol}+0x0/0x100) bdf="${BDF}"${rest}`;
const answer = (symbol: string, ret: number, rest = '') =>
  `r_${symbol}: (caller+0x50/0x100 <- ${symbol}) bdf="${BDF}"${rest} ret=${ret}`;

const connect = [call('connect_store'), answer('connect_store', 5)];
const bind = [call('pci_tsm_bind', ' kvm=0x1000 tdi_id=0x200'), answer('pci_tsm_bind', 0)];
const unbind = [call('pci_tsm_unbind'), `r_u: (caller+0x1/0x100 <- pci_tsm_unbind) bdf="${BDF}"`];
const setMaster = [`w: (vfio_basic_config_write+0x0/0x100) bdf="${BDF}" pos=0x4 count=2 off=0x4 val=0x107`];
const clearMaster = [`w: (vfio_basic_config_write+0x0/0x100) bdf="${BDF}" pos=0x4 count=2 off=0x4 val=0x103`];
/** A guest request: scope 0 is INFO, scope 1 a state change that only its payload tells. */
const request = (scope: number) => [call('pci_tsm_guest_req', ` scope=${scope}`), answer('pci_tsm_guest_req', 0)];
const told = (state: number) => [answer('sev_tio_tdi_status_fin', 0, ` state=${state}`)];
const [UNLOCKED, LOCKED, RUN, ERROR] = [0, 1, 2, 3];
const LOST = 'LOST';

function trace(...steps: readonly (readonly string[] | typeof LOST)[]): string {
  const rows = steps
    .flatMap((step) => (step === LOST ? [LOST] : step))
    .map((text, index) =>
      text === LOST
        ? 'CPU:0 [LOST 3 EVENTS]'
        : `            qemu-300     [000] ...1. ${`10.${String(1000 + index * 100).padStart(6, '0')}`.padStart(12)}: ${text}`,
    );
  return `${rows.join('\n')}\n`;
}

async function findings(log: string, judge: Partial<JudgeOptions> = {}): Promise<readonly Finding[]> {
  const { findings: found } = await analyzeText(log, { platform: 'sev-tio', ...judge });
  return found;
}

const shown = (finding: Finding) => `${brief(finding)}${finding.by_later_evidence ? ' later' : ''}`;
const roles = ({ evidence }: Finding) =>
  evidence.filter(({ role }) => role !== 'state' && role !== 'context').map(({ role, line }) => `${role}:${line}`);

/** connect 1-2, bind 3-4, Bus Master set 5 and cleared 6. */
const CLEARED = [connect, bind, setMaster, clearMaster];

describe('what the device tells afterwards', () => {
  test('ERROR: what everybody expects changes nothing but to confirm it', async () => {
    const [found, ...others] = await findings(trace(...CLEARED, told(ERROR), unbind));
    expect(others).toEqual([]);
    expect(found && shown(found)).toBe(`probable bme-clear-while-locked ${BDF} :6`);
    expect(found && roles(found)).toEqual(['violation:6', 'confirmation:7', 'confirmation:8']);
  });

  test('UNLOCKED: it may have scrubbed itself as well as been stopped before', async () => {
    const [found] = await findings(trace(...CLEARED, told(UNLOCKED), unbind));
    expect(found && shown(found)).toBe(`probable bme-clear-while-locked ${BDF} :6`);
  });

  test('LOCKED: stopped and locked again, be it before or after the write', async () => {
    const [found, ...others] = await findings(trace(...CLEARED, told(LOCKED), unbind));
    expect(others).toEqual([]);
    expect(found && shown(found)).toBe(`possible bme-clear-while-locked ${BDF} :6 later`);
    expect(found?.severity).toBe('warning');
    expect(found?.summary).toBe(
      'a configuration write cleared Bus Master Enable while the TDI was locked or running, though line 7 speaks against it',
    );
    expect(found && roles(found)).toEqual(['violation:6', 'symptom:7', 'confirmation:8']);
    expect(found?.assumptions).toContain(
      'the step would be right only with this unseen between lines 3 and 6: an unrecorded STOP while bound',
    );
  });

  test('RUN, after a request that may have been a STOP: whoever cleared Bus Master was right', async () => {
    const before = [...CLEARED.slice(0, 3), request(1), request(1), clearMaster];
    expect((await findings(trace(...before, unbind))).map(shown)).toEqual([
      `possible bme-clear-while-locked ${BDF} :10`,
    ]);
    const { findings: none, rules } = await analyzeText(trace(...before, told(RUN), unbind), { platform: 'sev-tio' });
    expect(none.filter(({ rule }) => rule === 'bme-clear-while-locked')).toEqual([]);
    expect(rules.find(({ rule }) => rule === 'bme-clear-while-locked')?.status).toBe('held');
  });

  test('ERROR, after a request that may have been a STOP: it was none', async () => {
    const log = trace(...CLEARED.slice(0, 3), request(1), request(1), clearMaster, told(ERROR), unbind);
    const [found, ...others] = await findings(log);
    expect(others).toEqual([]);
    expect(found && shown(found)).toBe(`probable bme-clear-while-locked ${BDF} :10 later`);
    expect(found?.summary).toMatch(/, as line 11 tells$/);
    expect(found?.assumptions).toEqual([
      'the state at the step, which was open then, is the one that line 11 (sev_tio_tdi_status_fin) tells of',
      'the step would be right only with this unseen between lines 3 and 10: the STATE_CHANGE request was a STOP (line 8), and after it: an unrecorded LOCK; the device fell to ERROR unseen',
    ]);
    expect(found && roles(found)).toEqual(['violation:10', 'confirmation:11', 'confirmation:12']);
  });

  test('ERROR, where everything is recorded: the request before it can have been no STOP', async () => {
    const judge: Partial<JudgeOptions> = { complete: EVENT_CLASSES, fromBoot: true };
    const before = [...CLEARED.slice(0, 3), request(1), clearMaster];
    expect((await findings(trace(...before, unbind), judge)).map(shown)).toEqual([
      `probable bme-clear-while-locked ${BDF} :8`,
    ]);
    const [found, ...others] = await findings(trace(...before, told(ERROR), unbind), judge);
    expect(others).toEqual([]);
    expect(found && shown(found)).toBe(`definite bme-clear-while-locked ${BDF} :8 later`);
    expect(found?.assumptions).toEqual([]);
  });

  test('a state that no history leads to: what waits stays as it was', async () => {
    // The read-back of RUN has no explanation where every request is recorded; what comes after it decides nothing.
    const complete = ['bind', 'guest-request', 'doe'] as const;
    const judge: Partial<JudgeOptions> = { complete, fromBoot: true };
    const before = [...CLEARED.slice(0, 3), request(1), request(1), clearMaster];
    const found = await findings(trace(...before, told(RUN), told(ERROR), unbind), judge);
    expect(found.filter(({ rule }) => rule === 'bme-clear-while-locked').map(shown)).toEqual([
      `possible bme-clear-while-locked ${BDF} :10`,
    ]);
  });
});

describe('what only a bound function answers', () => {
  const close = [call('vfio_pci_core_disable'), `dr: (caller+0x1/0x100 <- vfio_pci_core_disable) bdf="${BDF}"`];

  test('after a loss a request that succeeds shows that nothing had been unbound', async () => {
    const lossy = [connect, bind, LOST, close] as const;
    expect((await findings(trace(...lossy))).map(shown)).toEqual([`possible unbind-before-disable ${BDF} :6`]);
    const [found] = await findings(trace(...lossy, request(0)));
    expect(found && shown(found)).toBe(`probable unbind-before-disable ${BDF} :6 later`);
    expect(found?.summary).toMatch(/, as line 8 tells$/);
    expect(found && roles(found)).toEqual(['violation:6', 'confirmation:8']);
    // What was lost once more may have been a bind.
    expect((await findings(trace(...lossy, LOST, request(0)))).map(shown)).toEqual([
      `possible unbind-before-disable ${BDF} :6`,
    ]);
  });

  test('it never makes definite what was open, whatever is declared', async () => {
    const [found] = await findings(trace(connect, bind, LOST, close, request(0)), { complete: ['bind', 'link'] });
    expect(found && shown(found)).toBe(`probable unbind-before-disable ${BDF} :6 later`);
    expect(found?.assumptions).toEqual([
      'the state at the step, which was open then, is the one that line 8 (pci_tsm_guest_req) tells of',
    ]);
  });

  test('where no bind is recorded it says nothing: the one before it was not recorded, either', async () => {
    expect((await findings(trace(request(0), LOST, close, request(0)))).map(shown)).toEqual([
      `possible unbind-before-disable ${BDF} :4`,
    ]);
  });

  test('where the file starts with the step there is still nothing to say of it', async () => {
    expect(await findings(trace(close, request(0), unbind))).toEqual([]);
    for (const state of [UNLOCKED, LOCKED, RUN, ERROR]) {
      const found = await findings(trace(clearMaster, told(state), unbind));
      expect(found.filter(({ rule }) => rule === 'bme-clear-while-locked')).toEqual([]);
    }
  });

  test('the second bind without an unbind leaves open when that one was', async () => {
    const [found] = await findings(trace(connect, bind, close, bind));
    expect(found && shown(found)).toBe(`probable unbind-before-disable ${BDF} :5`);
  });
});

test('many steps that wait: the oldest are left as they were', async () => {
  const steps = Array.from({ length: 40 }, () => [setMaster, clearMaster]).flat();
  const log = trace(connect, bind, ...steps, told(LOCKED));
  const { findings: found, health } = await analyzeText(log, { platform: 'sev-tio' });
  expect(health).toMatchObject([{ code: 'later-capped', count: 16 }]);
  const verdicts = found.filter(({ rule }) => rule === 'bme-clear-while-locked').map(({ verdict }) => verdict);
  expect(verdicts).toHaveLength(40);
  expect(verdicts.filter((verdict) => verdict === 'possible')).toHaveLength(24);
  expect(verdicts.slice(0, 16)).toEqual(Array(16).fill('probable'));
});

test('who follows is told, and the report in the end is that of the file', async () => {
  const [early, late] = [trace(...CLEARED), trace(...CLEARED, told(LOCKED))];
  const stream = new PassThrough();
  stream.write(early);
  const said: string[] = [];
  let now = 0;
  const followed = await follow({
    ingest: { inputs: ['-'], db: null, inputFormat: null, maxBytes: 2 ** 30 },
    judge: { ...NEUTRAL_JUDGEMENT, platform: 'sev-tio' },
    floor: 'possible',
    stop: new AbortController().signal,
    tell: async (news, analysis) => {
      if (said.length === 0) stream.end(late.slice(early.length));
      said.push(renderNews(news, analysis, { width: 200, color: false }));
    },
    now: () => {
      now += 10_000;
      return now;
    },
    stdin: stream,
  });
  followed.close();
  const what = `bme-clear-while-locked: ${BDF}: a configuration write cleared Bus Master Enable while the TDI was locked or running`;
  expect(said.join('')).toBe(
    `-:6: probable: ${what}\n-:6: update: now possible (was probable): ${what}, though line 7 speaks against it\n`,
  );
  expect(followed.analysis.findings).toEqual((await analyzeText(late, { platform: 'sev-tio' })).findings);
});
