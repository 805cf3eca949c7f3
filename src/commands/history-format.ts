import { stateWords } from '../report/format.ts';
import { jsonLine } from '../report/json.ts';
import { Page } from '../report/page.ts';
import type { Sink } from './context.ts';
import type { DeviceEntry, Entry, EventEntry } from './history.ts';

const BDF_WIDTH = '0000:00:00.0'.length;
const TIME_WIDTH = 12;
const KIND_WIDTH = 20;
const RESULT_WIDTH = 8;
/** Names of a device in one line; JSON has all. */
const NAMES_MAX = 24;

/** An entry as a record of JSON lines. Its own keys, in its own order: `type` first. */
export function entryAsJson(entry: Entry): string {
  return jsonLine(entry);
}

/** An entry as one line: `file:line:`, time, device, kind, phase and outcome, arguments. Never cut: it is made for grep. */
export function entryAsText({ width, color }: Sink): (entry: Entry) => string {
  return (entry) => {
    const page = new Page(width, color);
    const time = (entry.time ?? '-').padStart(TIME_WIDTH);
    // An event that may be of several devices has none of them.
    const device = entry.bdf ?? (entry.type === 'event' && entry.certainty === 'maybe' ? '?' : '-');
    const place = `${entry.source}:${entry.line}: ${time}  ${device.padEnd(BDF_WIDTH)}  `;
    if (entry.type === 'state') {
      const [bind, contract, state] = stateWords(entry);
      const text = `-> ${bind}, contract ${contract}, device ${state}`;
      page.line(0, place, { text, style: entry.device.includes('error') ? 'warning' : 'strong' });
    } else if (entry.type === 'side') {
      page.line(0, place, { text: `stored: ${entry.text}`, style: 'dim' });
    } else if (entry.type === 'device') {
      page.line(0, place, `is ${namesOf(entry).join('; ')}`);
    } else {
      const args = Object.entries(entry.args).flatMap(([name, value]) =>
        // What the join rests on is said once.
        name === 'inside' && value === entry.by ? [] : [`${name}=${value}`],
      );
      if (entry.maybe.length > 0) args.push(`(maybe of ${entry.maybe.join(' or ')})`);
      if (entry.by !== null) args.push(`(by ${entry.by})`);
      const same = entry.duplicate_of;
      if (same !== null) args.push(`(also ${same.source}:${same.line}, counted there)`);
      const text = `${entry.kind.padEnd(KIND_WIDTH)}  ${resultOf(entry).padEnd(RESULT_WIDTH)}  ${args.join(' ')}`;
      page.line(0, (place + text).trimEnd());
    }
    return page.toString();
  };
}

/** What a device is besides an address. */
function namesOf({ pf, dsm, guest_bdf, names }: DeviceEntry): string[] {
  return [
    ...(pf === null ? [] : [`a VF of ${pf}`]),
    ...(dsm === null ? [] : [`managed by ${dsm}`]),
    ...(guest_bdf === null ? [] : [`${guest_bdf} in its VM`]),
    ...names.slice(0, NAMES_MAX),
    ...(names.length > NAMES_MAX ? [`${names.length - NAMES_MAX} more`] : []),
  ];
}

function resultOf({ phase, outcome, code }: EventEntry): string {
  const result = outcome === 'failed' ? `failed(${code ?? '?'})` : outcome === 'ok' ? 'ok' : '';
  return [phase === 'point' ? '' : phase, result].filter((part) => part !== '').join(' ');
}
