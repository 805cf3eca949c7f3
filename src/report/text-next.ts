import type { HealthCode } from '../base/health.ts';
import type { Analysis, Finding, Verdict } from '../model/analysis.ts';
import { EVENT_CLASSES, type EventClass } from '../model/states.ts';
import { CAPTURE_HINTS } from './capture-hints.ts';
import { type Headline, isAtLeast, surestVerdict } from './headlines.ts';
import { count, type Page } from './page.ts';
import { probeLines } from './probe-lines.ts';
import type { Scope } from './scope.ts';
import { blindRules, OF_PORTS, resetsOutOfSight } from './told.ts';

/** Which classes of events have to be complete before a finding of this rule can be definite. */
export type SettledBy = (rule: string) => readonly EventClass[];

/** The flags and captures that would settle what is open, as they are to be typed. */
export function writeNextSteps(
  page: Page,
  analysis: Analysis,
  headlines: readonly Headline[],
  options: {
    readonly floor: Verdict;
    readonly settledBy: SettledBy;
    readonly scope: Scope;
    readonly verbose: boolean;
  },
): void {
  const { floor, settledBy, scope, verbose } = options;
  page.heading('NEXT STEPS');
  const shown = headlines
    .filter((headline) => isAtLeast(surestVerdict(headline), floor))
    .map((headline) => headline.finding);
  // Of a part in which nothing happened it is not known what the probes would have told.
  const capture = scope.window?.empty ? { steps: [], probes: [], guestProbes: [] } : captures(analysis, scope);
  const steps = [
    ...asked(scope),
    ...completeness(analysis, shown, settledBy),
    ...premises(analysis),
    ...sides(analysis),
    ...names(analysis),
    ...capture.steps,
    ...(scope.absent === null && !scope.window?.empty ? anotherCapture(analysis) : []),
    ...buffers(analysis),
    ...explanations(shown),
  ];
  if (steps.length === 0) page.line(2, 'nothing is open that a flag or another capture would settle');
  for (const step of steps) page.paragraph(2, '- ', step, 4);
  writeProbes(page, capture, verbose);
}

/** Where vfio and the TSM dealt with no device no rule is blind, and none asks for anything. */
function anotherCapture({ rules }: Analysis): string[] {
  if (rules.length > 0) return [];
  return [
    'another capture: no line of this one tells of vfio or the TSM at work on a device that can be assigned to a VM. Trace the ' +
      'machine while it happens, with probes that fetch the BDF on pci_tsm_bind, pci_tsm_unbind, pci_tsm_guest_req, ' +
      'vfio_pci_core_enable, vfio_pci_core_disable, pcie_flr, pci_clear_master',
  ];
}

function asked({ absent, window }: Scope): string[] {
  const steps: string[] = [];
  if (absent !== null) steps.push('--device: name one that occurs in the capture, or leave it away');
  if (window?.empty) steps.push('--since, --until: name a time in which events stand, or leave them away');
  return steps;
}

function completeness(analysis: Analysis, shown: readonly Finding[], settledBy: SettledBy): string[] {
  const unsure = shown.filter((finding) => finding.verdict !== 'definite');
  const wanted = new Set(unsure.flatMap((finding) => settledBy(finding.rule)));
  const open = EVENT_CLASSES.filter((name) => wanted.has(name) && !analysis.complete.includes(name));
  if (open.length === 0) return [];
  const flags = open.filter((name) => name !== 'start');
  if (flags.length === 0) return [];
  return [
    `--complete ${flags.join(',')}: if the capture recorded every event of these classes from its first line on (probes on, ` +
      `nothing filtered, nothing lost), say so: it rules out the hidden steps that keep ${count(unsure.length, 'headline')} ` +
      'from being definite',
  ];
}

function premises(analysis: Analysis): string[] {
  const steps: string[] = [];
  const byPlatform = rulesMissing(analysis, 'platform');
  if (byPlatform.length > 0) {
    steps.push(`--platform tdx, sev-tio or cca: judges what differs between platforms (${named(byPlatform)})`);
  }
  const byStart = rulesMissing(analysis, 'start');
  if (byStart.length > 0 && !analysis.from_boot) {
    steps.push(`--from-boot: if the capture begins at boot; it settles the start (${named(byStart)})`);
  }
  return steps;
}

/** What is below a port a file of the host tells, and no further probe. */
function sides(analysis: Analysis): string[] {
  const resets = resetsOutOfSight(analysis);
  if (resets === null) return [];
  return [`--side DIR: ${resets}; lspci -D -vv of the host, stored in DIR, tells what is below it (${OF_PORTS})`];
}

/** Who knows whose an address is may say so. */
function names({ devices }: Analysis): string[] {
  const nameless = devices.filter(({ bdf }) => bdf === null);
  const addresses = nameless.flatMap(({ aliases }) => POINTER.exec(aliases[0] ?? '')?.[1] ?? []);
  if (addresses.length === 0) return [];
  const flags = addresses.slice(0, FEW).map((address) => `--map ${address}=BDF`);
  const more = addresses.length > FEW ? ` (and ${addresses.length - FEW} more)` : '';
  return [`${flags.join(' ')}${more}: no record tells whose this is; who knows it can say so`];
}

/** An object of the device by its address. */
const POINTER = /^[a-z-]+=(0x[0-9a-f]+)$/;

interface Capture {
  readonly steps: readonly string[];
  /** Functions of the host's kernel, and of the guest's. */
  readonly probes: readonly string[];
  readonly guestProbes: readonly string[];
}

/** What to record next time, and which functions that takes. */
function captures(analysis: Analysis, { recorded, window }: Scope): Capture {
  const steps: string[] = [];
  const settled: string[] = [];
  const probes: string[] = [];
  const guestProbes: string[] = [];
  for (const name of EVENT_CLASSES) {
    const rules = rulesMissing(analysis, name);
    if (name === 'start' || rules.length === 0) continue;
    const { records, functions, inGuest = [], note } = CAPTURE_HINTS[name];
    const isSeen = (symbol: string) => recorded.has(symbol);
    const seen = [...functions, ...inGuest].filter(isSeen);
    const unseen = functions.filter((symbol) => !isSeen(symbol));
    const guests = inGuest.filter((symbol) => !isSeen(symbol));
    if (seen.length > 0 && unseen.length + guests.length === 0 && note === undefined) {
      settled.push(`${name} (${named(rules)})`);
      continue;
    }
    probes.push(...unseen);
    guestProbes.push(...guests);
    const how = [
      seen.length === 0 ? '' : `${seen.join(', ')} ${seen.length === 1 ? 'was' : 'were'} recorded`,
      unseen.length === 0 ? '' : `${seen.length === 0 ? '' : 'unless on already, '}probe ${unseen.join(', ')}`,
      guests.length === 0 ? '' : `in the guest probe ${guests.join(', ')}`,
      note ?? '',
    ].filter((part) => part !== '');
    steps.push(`${name} (${records}): ${how.join('; ')}. For ${named(rules)}`);
  }
  if (settled.length > 0) {
    const where = window === null ? '' : ' in the time asked for';
    steps.push(
      `nothing to probe for ${settled.join(', ')}: their functions were recorded, and no step that these judge was seen${where}`,
    );
  }
  return { steps, probes, guestProbes };
}

/** How to probe; with --verbose the lines to paste. */
function writeProbes(page: Page, { probes, guestProbes }: Capture, verbose: boolean): void {
  if (probes.length + guestProbes.length === 0) return;
  const where = verbose ? 'these lines' : 'the lines that --verbose prints';
  page.paragraph(
    2,
    '- ',
    `to probe: fprobe events that fetch the BDF (${where}, as root, with the vfio modules loaded; kernel 6.12 or newer with BTF; ` +
      'of a function that it does not have, the line is refused), or function_graph with options funcgraph-retval and funcgraph-args',
    4,
  );
  if (!verbose) return;
  for (const [place, functions] of [
    ['', probes],
    ['in the guest:', guestProbes],
  ] as const) {
    if (functions.length === 0) continue;
    if (place !== '') page.line(4, place);
    for (const row of ['cd /sys/kernel/tracing', ...probeLines(functions)]) page.line(6, row);
  }
}

const LOSS: readonly HealthCode[] = ['events-lost', 'buffer-wrapped', 'messages-dropped', 'messages-suppressed'];

function buffers(analysis: Analysis): string[] {
  const found = new Set(analysis.health.map((item) => item.code));
  if (!LOSS.some((code) => found.has(code))) return [];
  return ['the capture lost entries: next time a larger buffer_size_kb for tracing, log_buf_len= for printk'];
}

function explanations(shown: readonly Finding[]): string[] {
  const rules = new Set(shown.map((finding) => finding.rule));
  if (rules.size === 0) return [];
  const what = 'the right order, why, and how to disprove the finding';
  const [only, ...others] = rules;
  if (others.length === 0) return [`tdi-trace explain ${only}: ${what}`];
  return [`tdi-trace explain RULE: ${what}; of ${[...rules].join(', ')}`];
}

/** More names than this tell nobody anything. */
const FEW = 3;

function named(rules: readonly string[]): string {
  const more = rules.length - FEW;
  return more <= 1 ? rules.join(', ') : `${rules.slice(0, FEW).join(', ')} and ${count(more, 'other rule')}`;
}

/** Rules that are blind for want of `missing`, see {@link blindRules}. */
function rulesMissing(analysis: Analysis, missing: EventClass | 'platform'): string[] {
  const found = blindRules(analysis).filter((rule) => rule.missing.includes(missing));
  return [...new Set(found.map((rule) => rule.rule))];
}
