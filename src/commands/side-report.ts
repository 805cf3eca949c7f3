import { withoutSlashes } from '../base/path.ts';
import { factsOf, summaryOf } from '../input/side/summary.ts';
import type { SideData } from '../input/side-data.ts';
import { jsonLine } from '../report/json.ts';
import { Page } from '../report/page.ts';
import type { Sink } from './context.ts';

/** Facts of one file that are told; JSON has all. */
const FACTS_MAX = 200;

/** What was stored beside a log: each file with what it tells and where; what was not read. */
export function tellSide(side: SideData, stdout: Sink, asJson: boolean): string {
  const folder = withoutSlashes(side.folder);
  const facts = factsOf(side).map(({ place, text }) => {
    const colon = place.lastIndexOf(':');
    return { file: place.slice(0, colon), line: Number(place.slice(colon + 1)), text };
  });
  if (asJson) {
    const rows = facts.map(({ file, line, text }) => jsonLine({ path: `${folder}/${file}`, line, tells: text }));
    return [...rows, ...side.left.map((error) => jsonLine({ path: folder, error }))].join('');
  }
  const page = new Page(stdout.width, stdout.color);
  const byFile = Map.groupBy(facts, ({ file }) => file);
  for (const { file, told } of summaryOf(side)) {
    page.line(0, { text: `${folder}/${file}`, style: 'strong' }, `: ${told.join('; ')}`);
    const own = byFile.get(file) ?? [];
    for (const { line, text } of own.slice(0, FACTS_MAX)) page.line(2, `line ${line}: ${text}`);
    if (own.length > FACTS_MAX) page.line(2, `and ${own.length - FACTS_MAX} more (--format json)`);
  }
  if (side.files.length === 0)
    page.line(0, `${folder}: nothing in it tells of PCI functions, vfio devices or the kernel`);
  for (const sentence of side.left) page.paragraph(0, { text: 'not read: ', style: 'warning' }, sentence);
  return page.toString();
}
