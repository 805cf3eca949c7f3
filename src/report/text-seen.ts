import type { Analysis, CoverageStatus, DeviceInfo, RuleCoverage, SourceInfo, Verdict } from '../model/analysis.ts';
import { type Lookup, sourceNames, timeSpan } from './format.ts';
import { isAtLeast } from './headlines.ts';
import { count, type Page, type Style } from './page.ts';
import { absentText, type Scope, windowText } from './scope.ts';

/** What could and could not be seen: it comes first, since it bounds what everything after it means. */
export function writeSeen(
  page: Page,
  analysis: Analysis,
  lookup: Lookup,
  { verbose, scope }: { readonly verbose: boolean; readonly scope: Scope },
): void {
  page.heading('SEEN');
  const names = sourceNames(analysis.sources);
  for (const source of analysis.sources)
    writeSource(page, source, names.get(source.id) ?? source.path, elisionsOf(analysis, source.id));
  writeClocks(page, analysis);
  writePremises(page, analysis, lookup);
  writeWindow(page, scope);
  if (scope.absent !== null) {
    page.paragraph(2, 'devices: ', absentText(scope.absent), 11);
    return;
  }
  if (analysis.devices.length === 0) {
    page.line(2, 'devices: no line names or touches a device that can be assigned to a VM');
    return;
  }
  const verdicts = new Map(analysis.findings.map((finding) => [finding.id, finding.verdict]));
  const view: View = { lookup, verbose, verdicts, isCut: scope.window !== null };
  for (const group of groupByCoverage(analysis)) writeCoverage(page, group, view);
}

/** What the coverage of a device is told with. */
interface View {
  readonly lookup: Lookup;
  readonly verbose: boolean;
  /** By the id of the finding. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** Only a part of the capture was judged. */
  readonly isCut: boolean;
}

function writeWindow(page: Page, { window }: Scope): void {
  if (window === null) return;
  const what = window.empty
    ? 'no event stands there, nothing was judged'
    : 'steps outside it move the states but were not judged';
  page.paragraph(2, { text: 'judged only: ', style: 'warning' }, `${windowText(window)}; ${what}`, 4);
}

/** Places where somebody left lines out of a source. */
function elisionsOf(analysis: Analysis, source: string): number {
  const rows = analysis.health.filter((item) => item.code === 'lines-elided' && item.source === source);
  return rows.reduce((sum, item) => sum + item.count, 0);
}

function writeSource(page: Page, source: SourceInfo, name: string, elisions: number): void {
  const packed = source.compression === 'none' ? '' : `, ${source.compression}`;
  page.line(2, { text: name, style: 'strong' }, `: ${source.format}${packed}, clock ${source.clock}`);
  page.line(4, timeSpan(source.first_time, source.last_time));
  const parts = [
    count(source.records, 'record'),
    source.continuation > 0 ? `${source.continuation} continuing` : '',
    source.skipped > 0 ? `${source.skipped} skipped` : '',
    source.unparsed > 0 ? `${source.unparsed} not understood` : '',
  ].filter((part) => part !== '');
  const losses = [
    source.lost > 0 ? `${source.lost} LOST` : '',
    elisions > 0 ? `lines LEFT OUT in ${count(elisions, 'place')}` : '',
  ].filter((loss) => loss !== '');
  const lost = losses.length > 0 ? losses.join(', ') : 'no loss marked';
  page.line(4, `${count(source.lines, 'line')} = ${parts.join(' + ')}; ${count(source.events, 'event')}; ${lost}`);
}

/** What to add to the times of a source; nothing where that is nothing. */
function toFirst(offset: string | undefined): string {
  if (offset === undefined || /^-?0\.0+$/.test(offset)) return '';
  return ` (its times ${offset.startsWith('-') ? offset : `+${offset}`} s)`;
}

function writeClocks(page: Page, analysis: Analysis): void {
  const names = sourceNames(analysis.sources);
  for (const clock of analysis.clocks) {
    if (clock.sources.length < 2) continue;
    // Times are told by the source's own clock: without this nobody can compare those of two sources.
    const paths = clock.sources.map((id, index) => `${names.get(id) ?? id}${toFirst(clock.offsets[index])}`).join(', ');
    const error = clock.error_ns === null ? '' : ` (within ${Math.ceil(clock.error_ns / 1000)} us)`;
    const meaning = {
      same: `one clock, merged into one order${error}`,
      related: `related clocks, merged into one order${error}`,
      unrelated: 'clocks not related: each judged by itself',
    }[clock.relation];
    page.paragraph(2, `${meaning}: `, paths);
  }
}

function writePremises(page: Page, analysis: Analysis, lookup: Lookup): void {
  const first = analysis.platform_evidence[0];
  if (first !== undefined) {
    const more = analysis.platform_evidence.length - 1;
    const rest = more > 0 ? ` and ${count(more, 'other line')}` : '';
    page.line(2, `platform: ${analysis.platform}, by ${lookup.place(first.source, first.line)}${rest}`);
  } else if (analysis.platform === 'generic') {
    page.line(2, 'platform: not told by the log: rules bound to one are blind (--platform)');
  } else {
    page.line(2, `platform: ${analysis.platform}, as given`);
  }
  page.line(2, analysis.from_boot ? 'start: from boot, as given' : 'start: unknown (--from-boot would settle it)');
  const complete = analysis.complete.length === 0 ? 'nothing' : analysis.complete.join(', ');
  page.line(2, `declared complete: ${complete}`);
}

interface CoverageGroup {
  readonly devices: DeviceInfo[];
  readonly rules: readonly RuleCoverage[];
}

/** Devices about which the capture tells exactly the same stand together: a host has dozens of which it tells nothing. */
function groupByCoverage(analysis: Analysis): CoverageGroup[] {
  const rules = new Map<string, RuleCoverage[]>();
  for (const rule of analysis.rules) {
    const list = rules.get(rule.device_id);
    if (list === undefined) rules.set(rule.device_id, [rule]);
    else list.push(rule);
  }
  const groups = new Map<string, CoverageGroup>();
  for (const device of analysis.devices) {
    const own = rules.get(device.id) ?? [];
    const key = own.some(isTold) ? device.id : own.map((r) => `${r.rule}=${r.status}:${r.missing.join()}`).join(';');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { devices: [device], rules: own });
    else group.devices.push(device);
  }
  return [...groups.values()].sort((a, b) => Number(b.rules.some(isTold)) - Number(a.rules.some(isTold)));
}

function isTold(rule: RuleCoverage): boolean {
  return rule.status === 'violated' || rule.status === 'held';
}

function writeCoverage(page: Page, group: CoverageGroup, view: View): void {
  const { lookup, verbose } = view;
  page.blank();
  const names = group.devices.map((device) => lookup.deviceName(device.id, device.bdf));
  const [only] = group.devices;
  if (group.devices.length === 1 && only !== undefined) {
    page.line(2, { text: names.join(), style: 'strong' }, `: ${count(only.events, 'event')}, ${describe(only)}`);
  } else {
    page.paragraph(2, '', `${names.join(', ')} (${group.devices.length} devices)`, 4, 'strong');
  }
  writeStatus(page, group.rules, 'violated', 'error', view);
  writeStatus(page, group.rules, 'held', 'good', view);
  if (!verbose && !group.rules.some(isTold)) {
    // Functions that vfio and the TSM had nothing to do with: they only tell where others are.
    if (group.rules.length === 0) return;
    const blind = group.rules.filter((rule) => rule.status === 'blind').length;
    page.line(4, `nothing could be judged: ${count(blind, 'rule')} blind (--verbose lists them)`);
    return;
  }
  writeBlind(page, group.rules, view.isCut);
  if (verbose) writeStatus(page, group.rules, 'not-applicable', 'dim', view);
}

function describe(device: DeviceInfo): string {
  const parts = [timeSpan(device.from_time, device.to_time)];
  if (device.pf !== null) parts.push(`VF of ${device.pf}`);
  if (device.port !== null) parts.push(`below port ${device.port}`);
  if (device.dsm !== null) parts.push(`DSM ${device.dsm}`);
  if (device.guest_bdf !== null) parts.push(`in the guest ${device.guest_bdf}`);
  return parts.join(', ');
}

const LABEL: Readonly<Record<CoverageStatus, string>> = {
  violated: 'violated ',
  held: 'held     ',
  blind: 'blind    ',
  'not-applicable': 'n/a      ',
};
const LABEL_WIDTH = 9;

function writeStatus(
  page: Page,
  rules: readonly RuleCoverage[],
  status: CoverageStatus,
  style: Style,
  { verdicts }: View,
): void {
  const found = rules.filter((rule) => rule.status === status);
  if (found.length === 0) return;
  const names = found.map((rule) =>
    status === 'held' ? `${rule.rule} (${rule.triggers}x)` : `${rule.rule}${doubtOf(rule, verdicts)}`,
  );
  page.paragraph(4, { text: LABEL[status], style }, names.join(', '), 4 + LABEL_WIDTH);
}

/** ` (possible)` after a rule whose findings do not accuse. */
function doubtOf(rule: RuleCoverage, verdicts: ReadonlyMap<string, Verdict>): string {
  const found = rule.findings.flatMap((id) => verdicts.get(id) ?? []);
  if (found.length === 0 || found.some((verdict) => isAtLeast(verdict, 'probable'))) return '';
  return found.includes('possible') ? ' (possible)' : ' (inconsistent)';
}

/** Blind rules by what would have to be recorded to lift it. */
function writeBlind(page: Page, rules: readonly RuleCoverage[], isCut: boolean): void {
  const byMissing = new Map<string, string[]>();
  for (const rule of rules) {
    if (rule.status !== 'blind') continue;
    const key = reasonOf(rule, isCut);
    const names = byMissing.get(key);
    if (names === undefined) byMissing.set(key, [rule.rule]);
    else names.push(rule.rule);
  }
  let label = LABEL.blind;
  for (const [missing, names] of byMissing) {
    page.paragraph(4, { text: label, style: 'warning' }, `${missing}: ${names.join(', ')}`, 4 + LABEL_WIDTH);
    label = ' '.repeat(LABEL_WIDTH);
  }
}

function reasonOf(rule: RuleCoverage, isCut: boolean): string {
  const noStep = isCut ? 'no such step seen in that time' : 'no such step seen';
  const classes = rule.missing.filter((name) => name !== 'platform' && name !== 'start');
  const reasons = [
    rule.missing.includes('platform') ? 'platform not told' : '',
    rule.missing.includes('start') ? 'start unknown' : '',
    // A class without a harmful step may well be recorded: what is missing is the step, not necessarily the probe.
    classes.length > 0 ? `${rule.triggers === 0 ? noStep : 'none seen of this device'} (${classes.join(', ')})` : '',
  ].filter((reason) => reason !== '');
  return reasons.length === 0 ? noStep : reasons.join(', ');
}
