import { summaryOf } from '../input/side/summary.ts';
import type { SideData, SideFact } from '../input/side-data.ts';
import { shownPath } from '../input/source.ts';
import type { NewHealth } from '../timeline/rows.ts';

/** Files that have a row of their own; states of tsm/ and contradictions that are told. */
const FILES_MAX = 16;
const STATES_MAX = 8;

/** What was stored beside the log: which file told what, and what of it was not used. */
export function sideHealth(side: SideData | null): NewHealth[] {
  if (side === null) return [];
  const folder = shownPath(side.folder);
  const files = summaryOf(side);
  const more = files.slice(FILES_MAX);
  const messages = [
    // What was not used comes first: of many rows a report shows a few.
    ...(side.left.length > 0 ? [side.left.map((one) => `not read: ${one}`).join('; ')] : []),
    ...(side.tsm.length > 0 ? [statesText(side)] : []),
    ...(files.length === 0 ? ['nothing in it tells of PCI functions, of vfio devices or of the kernel'] : []),
    ...files.slice(0, FILES_MAX).map(({ file, told }) => `${file}: ${told.join('; ')}`),
    ...(more.length > 0
      ? [`${more.length} further files: ${more.reduce((sum, { count }) => sum + count, 0)} facts`]
      : []),
  ];
  const row = (code: NewHealth['code'], message: string): NewHealth => ({
    sourceId: null,
    code,
    line: null,
    message: `${folder}: ${message}`,
    count: 1,
  });
  return [
    ...contradictions(side).map((one) => row('side-contradicted', one)),
    ...messages.map((one) => row('side-data', one)),
  ];
}

/** What two files say differently: neither is used. */
function contradictions({ disputed, disputedBridges }: SideData): string[] {
  const all = [...disputed, ...disputedBridges];
  const more = all.length > STATES_MAX ? [`${all.length - STATES_MAX} more contradictions between files`] : [];
  return [...all.slice(0, STATES_MAX).map(({ place, text }) => `${place}: ${text}`), ...more];
}

/** A state without a time is no start: a session may have ended, or begun, between the log and the listing. */
function statesText({ tsm }: SideData): string {
  const said = tsm.slice(0, STATES_MAX).map(({ fact }) => `${fact.text} (${fact.place})`);
  const more = tsm.length > STATES_MAX ? [`${tsm.length - STATES_MAX} more`] : [];
  return `when tsm/ was listed, ${[...said, ...more].join(', ')}; when that was nothing tells, so it is not taken for the state in which the log begins`;
}

/** A record says otherwise than the data beside the log. */
export function sideContradicted(at: { sourceId: number; line: number | null; fact: SideFact }): NewHealth {
  const { sourceId, line, fact } = at;
  const message = `the log says otherwise than ${fact.place}: ${fact.text}`;
  return { sourceId, code: 'side-contradicted', line, message, count: 1 };
}
