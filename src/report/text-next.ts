import type { HealthCode } from '../base/health.ts';
import type { Analysis, Finding, Verdict } from '../model/analysis.ts';
import { EVENT_CLASSES, type EventClass } from '../model/states.ts';
import { CAPTURE_HINTS } from './capture-hints.ts';
import { type Headline, isAtLeast, surestVerdict } from './headlines.ts';
import { count, type Page } from './page.ts';
import type { Scope } from './scope.ts';
import { blindRules } from './told.ts';

/** Which classes of events have to be complete before a finding of this rule can be definite. */
export type SettledBy = (rule: string) => readonly EventClass[];

/** The flags and captures that would settle what is open, as they are to be typed. */
export function writeNextSteps(
  page: Page,
  analysis: Analysis,
  headlines: readonly Headline[],
  { floor, settledBy, scope }: { readonly floor: Verdict; readonly settledBy: SettledBy; readonly scope: Scope },
): void {
  page.heading('NEXT STEPS');
  const shown = headlines
    .filter((headline) => isAtLeast(surestVerdict(headline), floor))
    .map((headline) => headline.finding);
  const steps = [
    ...asked(scope),
    ...completeness(analysis, shown, settledBy),
    ...premises(analysis),
    ...names(analysis),
    // Of a part in which nothing happened it is not known what the probes would have told.
    ...(scope.window?.empty ? [] : captures(analysis, scope)),
    ...(scope.absent === null && !scope.window?.empty ? anotherCapture(analysis) : []),
    ...buffers(analysis),
    ...explanations(shown),
  ];
  if (steps.length === 0) page.line(2, 'nothing is open that a flag or another capture would settle');
  for (const step of steps) page.paragraph(2, '- ', step, 4);
}

/** Where no device was touched no rule is blind, and none asks for anything. */
function anotherCapture({ devices, unrecognised }: Analysis): string[] {
  if (devices.length > 0 || unrecognised.length > 0) return [];
  return [
    'another capture: no line of this one touches a device that can be assigned to a VM. Trace the machine while it happens, ' +
      'with probes that fetch the BDF on pci_tsm_bind, pci_tsm_unbind, pci_tsm_guest_req, vfio_pci_core_enable, ' +
      'vfio_pci_core_disable, pcie_flr, pci_clear_master',
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

function captures(analysis: Analysis, { recorded, window }: Scope): string[] {
  const steps: string[] = [];
  const settled: string[] = [];
  let asksToProbe = false;
  for (const name of EVENT_CLASSES) {
    const rules = rulesMissing(analysis, name);
    if (name === 'start' || rules.length === 0) continue;
    const { records, functions, note } = CAPTURE_HINTS[name];
    const seen = functions.filter((symbol) => recorded.has(symbol));
    const unseen = functions.filter((symbol) => !recorded.has(symbol));
    if (seen.length > 0 && unseen.length === 0 && note === undefined) {
      settled.push(`${name} (${named(rules)})`);
      continue;
    }
    asksToProbe ||= unseen.length > 0;
    const known = seen.length === 0 ? '' : `${seen.join(', ')} ${seen.length === 1 ? 'was' : 'were'} recorded`;
    const probe =
      unseen.length === 0 ? '' : `${seen.length === 0 ? '' : 'unless on already, '}probe ${unseen.join(', ')}`;
    const how = [known, probe, note ?? ''].filter((part) => part !== '').join('; ');
    steps.push(`${name} (${records}): ${how}. For ${named(rules)}`);
  }
  if (asksToProbe) {
    steps.push(
      'to probe: fprobe events that fetch the BDF (dynamic_events: f:tdi/NAME FUNCTION bdf=...), or function_graph with ' +
        'options funcgraph-retval and funcgraph-args',
    );
  }
  if (settled.length > 0) {
    const where = window === null ? '' : ' in the time asked for';
    steps.push(
      `nothing to probe for ${settled.join(', ')}: their functions were recorded, and no step that these judge was seen${where}`,
    );
  }
  return steps;
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
