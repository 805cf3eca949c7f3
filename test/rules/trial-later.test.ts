import { describe, expect, test } from 'vitest';
import { BOUND, granted, NOTHING, tried, type Word } from './tried.ts';

describe('what the device tells of its state after the step', () => {
  // Bus Master is set (3) and cleared (the step), and then the firmware asks the device (TIO_TDI_STATUS).
  const write = (value: string): Word => [
    'vfio.config_write',
    { args: { region: 'basic', position: '4', count: '2', value } },
  ];
  const [set, clear] = [write('0x6'), write('0x2')];
  const ask: Word = ['tsm.guest_request', { args: { scope: '1' } }];
  const told = (state: string): Word => ['tdisp.state', { symbol: 'sev_tio_tdi_status', args: { state } }];
  const [LOCKED, ERROR] = ['1', '3'];
  const judged = async (...words: readonly Word[]) => {
    const { verdicts, findings } = await tried([...BOUND, set, ...words], {
      rules: 'bme-clear-while-locked',
      complete: NOTHING,
    });
    const [one] = findings;
    const after = one?.evidence.filter(({ event }) => event.id > one.violation.id) ?? [];
    const roles = after.map(({ role, event }) => `${role}:${event.id}`);
    return { verdicts, roles, byLater: one?.byLater, summary: one?.summary, assumptions: granted(one) };
  };

  test('LOCKED speaks against it: it was stopped, and locked again', async () => {
    expect(await judged(clear)).toMatchObject({ verdicts: ['probable bme-clear-while-locked 1:4'], byLater: false });
    expect(await judged(clear, told(LOCKED))).toMatchObject({
      verdicts: ['possible bme-clear-while-locked 1:4'],
      roles: ['symptom:5'],
      byLater: true,
      summary: expect.stringMatching(/, though line 5 speaks against it$/),
    });
  });

  test('ERROR is what everybody expects', async () => {
    expect(await judged(clear, told(ERROR))).toMatchObject({
      verdicts: ['probable bme-clear-while-locked 1:4'],
      roles: ['confirmation:5'],
      byLater: false,
    });
  });

  test('ERROR after a request that may have been a STOP: it was none', async () => {
    const open = await judged(ask, ask, clear);
    expect(open).toMatchObject({ verdicts: ['possible bme-clear-while-locked 1:6'], byLater: false });
    expect(await judged(ask, ask, clear, told(ERROR))).toMatchObject({
      verdicts: ['probable bme-clear-while-locked 1:6'],
      roles: ['confirmation:7'],
      byLater: true,
      summary: expect.stringMatching(/, as line 7 tells$/),
      assumptions: [
        'the state at the step, which was open then, is the one that line 7 (sev_tio_tdi_status) tells of',
        'the step would be right only with this unseen between lines 2 and 6: the STATE_CHANGE request was a STOP (line 5), and after it: an unrecorded LOCK; the device fell to ERROR unseen',
      ],
    });
  });

  test('what a rule leaves at probable at most is not changed by what makes it certain', async () => {
    const { verdicts, findings } = await tried([...BOUND, ask, ['vfio.zap'], told('2')], {
      rules: 'bar-zap-while-bound',
    });
    expect(verdicts).toEqual(['probable bar-zap-while-bound 1:4']);
    expect([findings[0]?.byLater, findings[0]?.summary]).toEqual([false, expect.not.stringContaining('line 5')]);
  });
});
