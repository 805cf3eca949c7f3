import type { Analysis, DeviceInfo, Finding, StateSpan } from '../model/analysis.ts';
import { ALL_STATES } from '../model/tdi.ts';
import { type Lookup, stateWords } from './format.ts';
import { count, type Page } from './page.ts';
import type { Scope } from './scope.ts';

/** Rows of one device's strip without --verbose. */
const SHORT = 16;

/** What each device was believed to be in, span by span. A device that was never anything but unknown has no strip. */
export function writeStates(
  page: Page,
  analysis: Analysis,
  lookup: Lookup,
  { verbose, scope }: { readonly verbose: boolean; readonly scope: Scope },
): void {
  const told = analysis.devices.filter((device) => device.states.some((span) => span.cause !== null));
  page.heading('STATES');
  if (told.length === 0) page.line(2, `no line tells the state of ${scope.absent?.device ?? 'any device'}`);
  for (const device of told) writeStrip(page, device, analysis.findings, lookup, verbose);
}

function writeStrip(
  page: Page,
  device: DeviceInfo,
  findings: readonly Finding[],
  lookup: Lookup,
  verbose: boolean,
): void {
  page.line(2, { text: lookup.deviceName(device.id, device.bdf), style: 'strong' });
  const harm = new Set(
    findings
      .filter((finding) => finding.device_id === device.id && finding.verdict !== 'inconsistent')
      .flatMap((finding) => finding.evidence.filter((item) => item.role === 'violation'))
      .map((item) => `${item.source}:${item.line}`),
  );
  const spans = device.states;
  const skip = verbose || spans.length <= SHORT ? 0 : spans.length - SHORT;
  const shown = spans.slice(skip);
  const rows = [['from', 'bind', 'contract', 'device', ''], ...shown.map((span) => row(span, lookup))];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)));
  for (const [index, cells] of rows.entries()) {
    const text = cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ');
    const cause = shown[index - 1]?.cause ?? null;
    // The line that did the harm is marked as it is among the evidence.
    const isHarm = cause !== null && harm.has(`${cause.source}:${cause.line}`);
    page.line(
      2,
      { text: isHarm ? '> ' : '  ', style: isHarm ? 'error' : 'plain' },
      { text: text.trimEnd(), style: index === 0 ? 'dim' : 'plain' },
    );
  }
  if (verbose && device.belief !== null) {
    const { states, assumptions, waited } = device.belief;
    const kept = `${states} of ${ALL_STATES.length} states, ${count(assumptions, 'unobserved step')} behind them`;
    const ever = `at most ${count(waited, 'step')} waited for later records`;
    page.paragraph(4, { text: 'kept of it: ', style: 'dim' }, `${kept}; ${ever}`, 6);
  }
  if (skip > 0) page.line(4, `(the first ${skip} rows with --verbose)`);
}

function row(span: StateSpan, lookup: Lookup): string[] {
  const { cause } = span;
  return [
    span.from_time ?? '-',
    ...stateWords(span),
    cause === null ? 'no line' : lookup.shortPlace(cause.source, cause.line),
  ];
}
