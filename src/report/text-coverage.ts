import type { Analysis, CoverageStatus, DeviceInfo, RuleCoverage, Verdict } from '../model/analysis.ts';
import { type Lookup, timeSpan } from './format.ts';
import { isAtLeast } from './headlines.ts';
import { count, type Page, type Style } from './page.ts';
import type { Scope } from './scope.ts';
import { OF_PORTS, resetsOutOfSight, tells } from './told.ts';

/** Devices of a group that are named without --verbose. */
const NAMES_MAX = 8;

/** What each rule could tell of each device: the details of what SEEN says in a line. */
export function writeCoverage(
  page: Page,
  analysis: Analysis,
  lookup: Lookup,
  { verbose, scope }: { readonly verbose: boolean; readonly scope: Scope },
): void {
  if (scope.absent !== null || analysis.devices.length === 0) return;
  page.heading('COVERAGE');
  const verdicts = new Map(analysis.findings.map((finding) => [finding.id, finding.verdict]));
  const view: View = {
    lookup,
    verbose,
    verdicts,
    isCut: scope.window !== null,
    outOfSight: resetsOutOfSight(analysis),
  };
  for (const [index, group] of groupByCoverage(analysis).entries()) {
    if (index > 0) page.blank();
    writeGroup(page, group, view);
  }
}

/** What the coverage of a device is told with. */
interface View {
  readonly lookup: Lookup;
  readonly verbose: boolean;
  /** By the id of the finding. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** Only a part of the capture was judged. */
  readonly isCut: boolean;
  /** See {@link resetsOutOfSight}. */
  readonly outOfSight: string | null;
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
    const key = own.some(tells) ? device.id : own.map((r) => `${r.rule}=${r.status}:${r.missing.join()}`).join(';');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { devices: [device], rules: own });
    else group.devices.push(device);
  }
  return [...groups.values()].sort((a, b) => Number(b.rules.some(tells)) - Number(a.rules.some(tells)));
}

function writeGroup(page: Page, group: CoverageGroup, view: View): void {
  const { lookup, verbose } = view;
  const names = group.devices.map((device) => lookup.deviceName(device.id, device.bdf));
  const [only] = group.devices;
  if (group.devices.length === 1 && only !== undefined) {
    page.line(2, { text: names.join(), style: 'strong' }, `: ${count(only.events, 'event')}, ${describe(only)}`);
  } else {
    // Of a host that booted three times each device stands there three times.
    const unique = [...new Set(names)];
    const shown = verbose || unique.length <= NAMES_MAX + 1 ? unique : unique.slice(0, NAMES_MAX);
    const more = unique.length > shown.length ? ` and ${unique.length - shown.length} more` : '';
    page.paragraph(2, '', `${shown.join(', ')}${more} (${group.devices.length} devices)`, 4, 'strong');
  }
  writeStatus(page, group.rules, 'violated', 'error', view);
  writeStatus(page, group.rules, 'held', 'good', view);
  if (!verbose && !group.rules.some(tells)) {
    if (group.rules.length === 0) {
      page.line(4, 'neither vfio nor the TSM was seen at work on it');
      return;
    }
    const blind = group.rules.filter((rule) => rule.status === 'blind').length;
    page.line(4, `nothing could be judged: ${count(blind, 'rule')} blind (--verbose lists them)`);
    return;
  }
  writeBlind(page, group.rules, view);
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
    status === 'held' ? `${rule.rule} (${timesOf(rule)})` : `${rule.rule}${doubtOf(rule, verdicts)}`,
  );
  page.paragraph(4, { text: LABEL[status], style }, names.join(', '), 4 + LABEL_WIDTH);
}

/** How often a rule was held; steps that could not break it, as the bit that they clear was clear, are told apart. */
function timesOf({ triggers, without_effect: idle }: RuleCoverage): string {
  if (idle === 0) return `${triggers}x`;
  return `${triggers}x, ${idle === triggers ? '' : `${idle} of them `}clearing a bit that was clear`;
}

/** ` (possible)` after a rule whose findings do not accuse. */
function doubtOf(rule: RuleCoverage, verdicts: ReadonlyMap<string, Verdict>): string {
  const found = rule.findings.flatMap((id) => verdicts.get(id) ?? []);
  if (found.length === 0 || found.some((verdict) => isAtLeast(verdict, 'probable'))) return '';
  return found.includes('possible') ? ' (possible)' : ' (inconsistent)';
}

/** Blind rules by what would have to be recorded to lift it. */
function writeBlind(page: Page, rules: readonly RuleCoverage[], { isCut, outOfSight }: View): void {
  const byMissing = new Map<string, string[]>();
  for (const rule of rules) {
    if (rule.status !== 'blind') continue;
    const key = reasonOf(rule, isCut, outOfSight);
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

function reasonOf(rule: RuleCoverage, isCut: boolean, outOfSight: string | null): string {
  const isSeen = rule.rule === OF_PORTS && rule.triggers === 0 && outOfSight !== null;
  const none = isCut ? 'no such step seen in that time' : 'no such step seen';
  const noStep = isSeen ? `${outOfSight} that is not known to reach it` : none;
  const classes = rule.missing.filter((name) => name !== 'platform' && name !== 'start');
  const reasons = [
    rule.missing.includes('platform') ? 'platform not told' : '',
    rule.missing.includes('start') ? 'start unknown' : '',
    // A class without a harmful step may well be recorded: what is missing is the step, not necessarily the probe.
    classes.length > 0 ? `${rule.triggers === 0 ? noStep : 'none seen of this device'} (${classes.join(', ')})` : '',
  ].filter((reason) => reason !== '');
  return reasons.length === 0 ? noStep : reasons.join(', ');
}
