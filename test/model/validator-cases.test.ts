import { describe, expect, test } from 'vitest';
import type { TdispState } from '../../src/model/states.ts';
import {
  COMMON_ERRORS,
  request,
  TDISP_REQUESTS,
  type TdispErrorName,
  type TdispRequest,
} from '../../src/model/tdisp.ts';

// The cases of intel/tee-io-validator `doc/tdisp_test/TdispTestCase/{1..7}.*.md` (ae136801) as far as they tell states and
// answers: what a device in CONFIG_UNLOCKED is sent, and what it has to say. Lengths and fields of messages, and the bytes of the
// report (4.5), no kernel log shows.

/** A request, and what is wrong with it beside the state: no keys at LOCK, an offset behind the report, another nonce. */
type Sent = TdispRequest | readonly [TdispRequest, TdispErrorName];

const LOCK = 'LOCK_INTERFACE_REQUEST';
const START = 'START_INTERFACE_REQUEST';
const STOP = 'STOP_INTERFACE_REQUEST';
const REPORT = 'GET_DEVICE_INTERFACE_REPORT';
const STATE = 'GET_DEVICE_INTERFACE_STATE';

interface Case {
  /** What brings the interface to where the case begins; all of it has to succeed. */
  readonly setup: readonly TdispRequest[];
  readonly sent: Sent;
  /** The response, or the error inside TDISP_ERROR. */
  readonly answer: string;
  /** What GET_DEVICE_INTERFACE_STATE says afterwards. */
  readonly state: TdispState;
}

const CASES: Readonly<Record<string, Case>> = {
  '1.1': { setup: [], sent: 'GET_TDISP_VERSION', answer: 'TDISP_VERSION', state: 'unlocked' },
  '2.1': { setup: [], sent: 'GET_TDISP_CAPABILITIES', answer: 'TDISP_CAPABILITIES', state: 'unlocked' },
  '3.1': { setup: [], sent: LOCK, answer: 'LOCK_INTERFACE_RESPONSE', state: 'locked' },
  '3.2': { setup: [], sent: [LOCK, 'INVALID_REQUEST'], answer: 'INVALID_REQUEST', state: 'unlocked' },
  '3.3': { setup: [LOCK], sent: LOCK, answer: 'INVALID_INTERFACE_STATE', state: 'locked' },
  '3.4': { setup: [LOCK, START], sent: LOCK, answer: 'INVALID_INTERFACE_STATE', state: 'run' },
  '4.1': { setup: [LOCK], sent: REPORT, answer: 'DEVICE_INTERFACE_REPORT', state: 'locked' },
  '4.2': { setup: [LOCK, START], sent: REPORT, answer: 'DEVICE_INTERFACE_REPORT', state: 'run' },
  '4.3': { setup: [LOCK], sent: [REPORT, 'INVALID_REQUEST'], answer: 'INVALID_REQUEST', state: 'locked' },
  '4.4': { setup: [], sent: REPORT, answer: 'INVALID_INTERFACE_STATE', state: 'unlocked' },
  '5.1': { setup: [], sent: STATE, answer: 'DEVICE_INTERFACE_STATE', state: 'unlocked' },
  '5.2': { setup: [LOCK], sent: STATE, answer: 'DEVICE_INTERFACE_STATE', state: 'locked' },
  '5.3': { setup: [LOCK, START], sent: STATE, answer: 'DEVICE_INTERFACE_STATE', state: 'run' },
  '5.4': { setup: [LOCK, START, STOP], sent: STATE, answer: 'DEVICE_INTERFACE_STATE', state: 'unlocked' },
  '6.1': { setup: [LOCK], sent: START, answer: 'START_INTERFACE_RESPONSE', state: 'run' },
  '6.2': { setup: [LOCK], sent: [START, 'INVALID_NONCE'], answer: 'INVALID_NONCE', state: 'locked' },
  '6.3': { setup: [LOCK, STOP], sent: START, answer: 'INVALID_INTERFACE_STATE', state: 'unlocked' },
  '6.4': { setup: [LOCK, START], sent: START, answer: 'INVALID_INTERFACE_STATE', state: 'run' },
  '7.1': { setup: [LOCK, START], sent: STOP, answer: 'STOP_INTERFACE_RESPONSE', state: 'unlocked' },
  '7.2': { setup: [LOCK], sent: STOP, answer: 'STOP_INTERFACE_RESPONSE', state: 'unlocked' },
  '7.3': { setup: [], sent: STOP, answer: 'STOP_INTERFACE_RESPONSE', state: 'unlocked' },
};

/** What the model says of a request: the state decides first, then the request's own checks; no error changes the state. */
function play(state: TdispState, sent: Sent): { readonly answer: string; readonly state: TdispState } {
  const [name, wrong] = typeof sent === 'string' ? [sent, null] : sent;
  const next = request(state, name);
  if (next === null) return { answer: 'INVALID_INTERFACE_STATE', state };
  if (wrong === null) return { answer: TDISP_REQUESTS[name].response, state: next };
  // Only what the table of the model lets a device answer.
  const own: readonly TdispErrorName[] = TDISP_REQUESTS[name].errors;
  return { answer: own.includes(wrong) ? wrong : 'not an answer to this request', state };
}

describe('the cases of tee-io-validator', () => {
  test.each(Object.entries(CASES))('%s', (_number, { setup, sent, answer, state }) => {
    let before: TdispState = 'unlocked';
    for (const name of setup) {
      const after = request(before, name);
      if (after === null) throw new Error(`${name} is refused in ${before}`);
      before = after;
    }
    expect(play(before, sent)).toEqual({ answer, state });
  });

  test('are all of its seven groups', () => {
    const counts = Object.keys(CASES).map((number) => number.slice(0, 1));
    expect([...Map.groupBy(counts, (group) => group)].map(([group, all]) => [group, all.length])).toEqual([
      ['1', 1],
      ['2', 1],
      ['3', 4],
      ['4', 4],
      ['5', 4],
      ['6', 4],
      ['7', 3],
    ]);
  });
});

test('a request has no error of its own that may answer every request', () => {
  for (const { errors } of Object.values(TDISP_REQUESTS))
    for (const error of errors) expect(COMMON_ERRORS).not.toContain(error);
});
