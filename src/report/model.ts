import { STATE_ENCODINGS } from '../model/encodings.ts';
import { IDE_KM_MESSAGES, KP_ACK_STATUS, ORDER_BEFORE_LOCK, STREAM_EVENTS, STREAM_STATES } from '../model/ide.ts';
import { GUEST_ORDER, GUEST_REQUEST_SCOPES, LINK_OPERATIONS, type LinkOperation } from '../model/link.ts';
import { PLATFORM_PROFILES } from '../model/platforms.ts';
import { FUNCTION_REGISTERS, type RegisterClass, ROOT_PORT_REGISTERS } from '../model/registers.ts';
import { BIND_STATES, TDISP_STATES, type TdispState } from '../model/states.ts';
import {
  COMMON_ERRORS,
  DEVICE_EVENTS,
  type DeviceEvent,
  deviceEvent,
  LOCK_FLAGS,
  REPORT_FLAGS,
  request,
  TDISP_ERRORS,
  TDISP_REQUESTS,
  type TdispRequest,
} from '../model/tdisp.ts';
import type { Page } from './page.ts';

/** The tables that the replay runs on, as one document. */
export function modelDocument(): object {
  return {
    schema: 'tdi-trace/model/1',
    tdisp: {
      states: TDISP_STATES,
      requests: TDISP_REQUESTS,
      errors: TDISP_ERRORS,
      common_errors: COMMON_ERRORS,
      device_events: DEVICE_EVENTS,
      lock_flags: LOCK_FLAGS,
      report_flags: REPORT_FLAGS,
    },
    registers: { function: FUNCTION_REGISTERS, root_port: ROOT_PORT_REGISTERS },
    ide: {
      states: STREAM_STATES,
      events: STREAM_EVENTS,
      messages: IDE_KM_MESSAGES,
      kp_ack_status: KP_ACK_STATUS,
      order_before_lock: ORDER_BEFORE_LOCK,
    },
    link: {
      states: BIND_STATES,
      operations: LINK_OPERATIONS,
      guest_request_scopes: GUEST_REQUEST_SCOPES,
      guest_order: GUEST_ORDER,
    },
    platforms: PLATFORM_PROFILES,
    state_encodings: STATE_ENCODINGS,
  };
}

interface Edge {
  readonly from: TdispState;
  readonly to: TdispState;
  readonly by: string;
}

/** Every way from one state of an interface into another. */
function edges(): Edge[] {
  const found: Edge[] = [];
  const add = (from: TdispState, to: TdispState | null, by: string): void => {
    if (to !== null && to !== from) found.push({ from, to, by });
  };
  for (const name of Object.keys(TDISP_REQUESTS) as TdispRequest[])
    for (const state of TDISP_STATES) add(state, request(state, name), name);
  for (const name of Object.keys(DEVICE_EVENTS) as DeviceEvent[])
    for (const state of TDISP_STATES) add(state, deviceEvent(state, name), name);
  return found;
}

/** Edges between the same two states as one, with all that leads along them. */
function bundled(): { from: TdispState; to: TdispState; by: string[] }[] {
  const bundles = new Map<string, { from: TdispState; to: TdispState; by: string[] }>();
  for (const { from, to, by } of edges()) {
    const bundle = bundles.get(`${from} ${to}`) ?? { from, to, by: [] };
    bundle.by.push(by);
    bundles.set(`${from} ${to}`, bundle);
  }
  return [...bundles.values()];
}

/** The machine of one interface for `dot`. */
export function modelDot(): string {
  const lines = bundled().map(({ from, to, by }) => `  ${from} -> ${to} [label="${by.join('\\n')}"];`);
  return ['digraph tdi {', '  rankdir=LR;', ...TDISP_STATES.map((state) => `  ${state};`), ...lines, '}', ''].join(
    '\n',
  );
}

/** The machine of one interface as a Mermaid state diagram. */
export function modelMermaid(): string {
  const lines = bundled().map(({ from, to, by }) => `  ${from} --> ${to}: ${by.join(', ')}`);
  return ['stateDiagram-v2', '  [*] --> unlocked', ...lines, ''].join('\n');
}

/** What is shown for a state that a request or an event meets. */
function cell(from: TdispState, to: TdispState | null): string {
  if (to === null) return 'refused';
  return to === from ? '=' : to;
}

/** The model for a reader. */
export function modelText(page: Page): string {
  const columns = (name: string, to: (state: TdispState) => TdispState | null, width: number): void => {
    page.line(2, name.padEnd(width), ...TDISP_STATES.map((state) => `  ${cell(state, to(state)).padEnd(8)}`));
  };
  const head = (first: string, width: number): void => {
    page.line(2, {
      text: first.padEnd(width) + TDISP_STATES.map((state) => `  ${state.padEnd(8)}`).join(''),
      style: 'dim',
    });
  };
  const requests = Object.keys(TDISP_REQUESTS) as TdispRequest[];
  const events = Object.keys(DEVICE_EVENTS) as DeviceEvent[];
  const width = Math.max(...requests.map((name) => name.length));
  page.heading('TDISP requests: the state that each leads to');
  head('request', width);
  for (const name of requests) columns(name, (state) => request(state, name), width);
  page.paragraph(2, '', '= succeeds and changes nothing; refused: INVALID_INTERFACE_STATE, and nothing changes', 2);
  page.heading('What happens to an interface without a request');
  head('event', width);
  for (const name of events) columns(name, (state) => deviceEvent(state, name), width);
  registers(page, 'Registers of a function that is locked or runs', FUNCTION_REGISTERS);
  registers(page, 'Registers of the root port above it', ROOT_PORT_REGISTERS);
  page.heading('The host: drivers/pci/tsm.c');
  for (const [name, operation] of Object.entries<LinkOperation>(LINK_OPERATIONS)) {
    const to = operation.to === null ? '' : ` -> ${operation.to}`;
    const refusals = Object.entries(operation.refusals).map(([errno, why]) => `-${errno}: ${why}`);
    const rest = [operation.note, ...refusals].filter((text) => text !== null).join('; ');
    page.paragraph(
      2,
      { text: `${name}: `, style: 'strong' },
      `${operation.surface}; ${operation.from.join(' or ')}${to}; ${rest}`,
      4,
    );
  }
  page.heading('Platforms');
  for (const [name, profile] of Object.entries(PLATFORM_PROFILES)) {
    const dma = profile.dmaEnable.length === 0 ? 'unknown' : profile.dmaEnable.join(' or ');
    page.paragraph(
      2,
      { text: `${name}: `, style: 'strong' },
      `after bind ${profile.afterBind.join(' or ')}; trusted DMA in ${dma}; private MMIO is unmapped ${profile.privateUnmap.replaceAll('-', ' ')}; teardown: ${profile.teardown.join(', ')}; wrong order shows as ${profile.refusal}`,
      4,
    );
  }
  page.heading('What a state number means, by who prints it');
  for (const { whose, kind, names } of Object.values(STATE_ENCODINGS))
    page.paragraph(2, `${whose} (${kind}): `, names.map((text, value) => `${value} ${text}`).join(', '), 4);
  return page.toString();
}

function registers(page: Page, title: string, classes: readonly RegisterClass[]): void {
  page.heading(title);
  for (const { name, change, effect, note } of classes)
    page.paragraph(2, `${effect.padEnd(8)} `, `${name}: ${change}${note === null ? '' : ` (${note})`}`, 11);
}
