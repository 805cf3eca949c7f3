import { stateWords } from '../report/format.ts';
import { jsonLine } from '../report/json.ts';
import { Page } from '../report/page.ts';
import type { Sink } from './context.ts';
import type { EventEntry, StateEntry } from './history.ts';

const BDF_WIDTH = '0000:00:00.0'.length;
const TIME_WIDTH = 12;
const KIND_WIDTH = 20;
const RESULT_WIDTH = 8;

/** An entry as a record of JSON lines. Its own keys, in its own order: `type` first. */
export function entryAsJson(entry: EventEntry | StateEntry): string {
  return jsonLine(entry);
}

/** An entry as one line: `file:line:`, time, device, kind, phase and outcome, arguments. Never cut: it is made for grep. */
export function entryAsText({ width, color }: Sink): (entry: EventEntry | StateEntry) => string {
  return (entry) => {
    const page = new Page(width, color);
    const time = (entry.time ?? '-').padStart(TIME_WIDTH);
    const place = `${entry.source}:${entry.line}: ${time}  ${(entry.bdf ?? '-').padEnd(BDF_WIDTH)}  `;
    if (entry.type === 'state') {
      const [bind, contract, device] = stateWords(entry);
      const text = `-> ${bind}, contract ${contract}, device ${device}`;
      page.line(0, place, { text, style: entry.device.includes('error') ? 'warning' : 'strong' });
    } else {
      const args = Object.entries(entry.args).map(([name, value]) => `${name}=${value}`);
      const same = entry.duplicate_of;
      if (same !== null) args.push(`(also ${same.source}:${same.line}, counted there)`);
      const text = `${entry.kind.padEnd(KIND_WIDTH)}  ${resultOf(entry).padEnd(RESULT_WIDTH)}  ${args.join(' ')}`;
      page.line(0, (place + text).trimEnd());
    }
    return page.toString();
  };
}

function resultOf({ phase, outcome, code }: EventEntry): string {
  const result = outcome === 'failed' ? `failed(${code ?? '?'})` : outcome === 'ok' ? 'ok' : '';
  return [phase === 'point' ? '' : phase, result].filter((part) => part !== '').join(' ');
}
