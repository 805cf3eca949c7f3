import type { Analysis, SourceInfo } from '../model/analysis.ts';
import { elisionsOf } from './capture-losses.ts';
import { type Lookup, sourceNames, timeSpan } from './format.ts';
import { count, type Page } from './page.ts';
import { absentText, type Scope, windowText } from './scope.ts';
import { blindSummary, isTold, tallies } from './told.ts';

/** Inputs and devices with a line of their own; the others are counted. */
const SOURCES_MAX = 4;
const DEVICES_MAX = 4;

/** Devices of which nothing could be judged that are named. */
const NAMED_MAX = 2;

/**
 * What could and could not be seen, in a few lines: it comes first, since it bounds what everything after it means, and it is
 * short, so that the first headline stands on the same screen. The details stand below the headlines.
 */
export function writeSeen(page: Page, analysis: Analysis, lookup: Lookup, scope: Scope): void {
  page.heading('SEEN');
  writeSources(page, analysis);
  writeClocks(page, analysis);
  writeDamage(page, analysis);
  writePremises(page, analysis, lookup);
  writeWindow(page, scope);
  if (scope.absent !== null) {
    page.paragraph(2, 'devices: ', absentText(scope.absent), 4);
    return;
  }
  if (analysis.devices.length === 0) {
    page.line(2, 'devices: no line names or touches a device that can be assigned to a VM');
    return;
  }
  writeDevices(page, analysis, lookup);
  const blind = blindSummary(analysis, scope.window !== null);
  if (blind === null) return;
  const { rules, reasons } = blind;
  const why = reasons.length === 0 ? '' : `: ${reasons.join('; ')}`;
  page.paragraph(2, { text: `${count(rules, 'rule')} blind`, style: 'warning' }, `${why}; see COVERAGE`, 4);
}

function writeSources(page: Page, analysis: Analysis): void {
  const names = sourceNames(analysis.sources);
  const shown = analysis.sources.length <= SOURCES_MAX + 1 ? analysis.sources : analysis.sources.slice(0, SOURCES_MAX);
  for (const source of shown) {
    const packed = source.compression === 'none' ? '' : `, ${source.compression}`;
    const what = `${source.format}${packed}, ${sizes([source])}, ${timeSpan(source.first_time, source.last_time)}`;
    page.paragraph(
      2,
      { text: `${names.get(source.id) ?? source.path}: `, style: 'strong' },
      `${what}; ${lossOf(analysis, [source])}`,
      4,
    );
  }
  const rest = analysis.sources.slice(shown.length);
  if (rest.length > 0) {
    page.paragraph(2, '', `and ${rest.length} other inputs: ${sizes(rest)}; ${lossOf(analysis, rest)}`, 4);
  }
}

function sizes(sources: readonly SourceInfo[]): string {
  const lines = sources.reduce((sum, source) => sum + source.lines, 0);
  const events = sources.reduce((sum, source) => sum + source.events, 0);
  return `${count(lines, 'line')}, ${count(events, 'event')}`;
}

/** What is gone, as far as the sources themselves say so. */
function lossOf(analysis: Analysis, sources: readonly SourceInfo[]): string {
  const lost = sources.reduce((sum, source) => sum + source.lost, 0);
  const elisions = sources.reduce((sum, source) => sum + elisionsOf(analysis, source.id), 0);
  const unparsed = sources.reduce((sum, source) => sum + source.unparsed, 0);
  const losses = [
    lost > 0 ? `${lost} LOST` : '',
    elisions > 0 ? `lines LEFT OUT in ${count(elisions, 'place')}` : '',
  ].filter((loss) => loss !== '');
  const marked = losses.length > 0 ? losses.join(', ') : 'no loss marked';
  return unparsed > 0 ? `${unparsed} not understood; ${marked}` : marked;
}

function writeClocks(page: Page, { clocks }: Analysis): void {
  for (const { relation, sources, error_ns } of clocks) {
    if (sources.length < 2) continue;
    const error = error_ns === null ? '' : ` within ${Math.ceil(error_ns / 1000)} us`;
    const meaning =
      relation === 'unrelated'
        ? `clocks not related: ${sources.length} histories, each judged by itself`
        : `${sources.length} inputs merged into one order${error}`;
    page.line(2, meaning);
  }
}

/** What is missing or doubtful, by its codes; notes are none. */
function writeDamage(page: Page, { health }: Analysis): void {
  const bad = health.filter(({ severity }) => severity !== 'note');
  if (bad.length === 0) return;
  const codes = [...new Set(bad.map(({ code }) => code))].join(', ');
  page.paragraph(2, { text: 'doubtful: ', style: 'warning' }, `${codes}; see CAPTURE HEALTH`, 4);
}

/** What the judgement rests on. */
function writePremises(page: Page, analysis: Analysis, lookup: Lookup): void {
  const start = analysis.from_boot ? 'start: from boot, as given' : 'start unknown';
  const complete =
    analysis.complete.length === 0 ? 'nothing declared complete' : `declared complete: ${analysis.complete.join(', ')}`;
  page.paragraph(2, '', `${platformText(analysis, lookup)}; ${start}; ${complete}`, 4);
}

function platformText({ platform, platform_evidence: lines, sources }: Analysis, lookup: Lookup): string {
  const [first] = lines;
  // Inputs of several machines: each is judged by what it tells itself.
  const eventful = sources.filter(({ events }) => events > 0);
  if (
    eventful.some((source) => source.platform !== platform) ||
    new Set(eventful.map((source) => source.platform)).size > 1
  ) {
    const of = new Map(sources.map((source) => [source.id, source.platform]));
    const proofs = lines
      .slice(0, SOURCES_MAX)
      .map(({ source, line }) => `${of.get(source)} by ${lookup.place(source, line).slice(0, -1)}`);
    const more = lines.length > proofs.length ? ` and ${lines.length - proofs.length} other lines` : '';
    const untold = eventful.filter((source) => source.platform === 'generic').length;
    const firm = platform === 'generic' ? '' : ` (--platform ${platform}, if that is of the same machine)`;
    return `platform ${proofs.join(', ')}${more}${untold > 0 ? `, not told by ${count(untold, 'other input')}${firm}` : ''}`;
  }
  if (first === undefined) return platform === 'generic' ? 'platform not told' : `platform ${platform}, as given`;
  const more = lines.length > 1 ? ` and ${count(lines.length - 1, 'other line')}` : '';
  return `platform ${platform}, by ${lookup.place(first.source, first.line).slice(0, -1)}${more}`;
}

function writeWindow(page: Page, { window }: Scope): void {
  if (window === null) return;
  const what = window.empty
    ? 'no event stands there, nothing was judged'
    : 'steps outside it move the states but were not judged';
  page.paragraph(2, { text: 'judged only: ', style: 'warning' }, `${windowText(window)}; ${what}`, 4);
}

/** Devices of which something can be told, those with a rule broken first; the others are a number. */
function writeDevices(page: Page, analysis: Analysis, lookup: Lookup): void {
  const ofDevice = tallies(analysis);
  const told = analysis.devices
    .flatMap((device) => {
      const tally = ofDevice.get(device.id);
      return tally !== undefined && isTold(tally) ? [{ device, tally }] : [];
    })
    .sort((a, b) => Number(b.tally.violated > 0) - Number(a.tally.violated > 0));
  const shown = told.length <= DEVICES_MAX + 1 ? told : told.slice(0, DEVICES_MAX);
  for (const { device, tally } of shown) {
    const { violated, doubtful, held, blind } = tally;
    const parts = [
      violated > 0 ? `${count(violated, 'rule')} violated` : '',
      doubtful > 0 ? `${doubtful} perhaps` : '',
      held > 0 ? `${held} held` : '',
      blind > 0 ? `${blind} blind` : '',
    ].filter((part) => part !== '');
    page.line(2, { text: lookup.deviceName(device.id, device.bdf), style: 'strong' }, `: ${parts.join(', ')}`);
  }
  const more = told.length - shown.length;
  if (more > 0) page.line(2, `and ${more} other devices of which something could be judged`);
  const known = new Set(told.map(({ device }) => device));
  const rest = analysis.devices.filter((device) => !known.has(device));
  if (rest.length === 0) return;
  const named = rest.length > NAMED_MAX ? '' : rest.map(({ id, bdf }) => lookup.deviceName(id, bdf)).join(', ');
  const other = told.length > 0 ? 'other ' : '';
  page.paragraph(2, '', `nothing could be judged of ${named === '' ? count(rest.length, `${other}device`) : named}`, 4);
}
