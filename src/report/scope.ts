/** What of the capture was asked about, and what the document of the analysis does not tell of the rest. */
export interface Scope {
  /** The device that was asked for where the capture does not have it, with those that it has; else null. */
  readonly absent: { readonly device: string; readonly present: readonly string[] } | null;
  /** What limits the judgement in time: null for the whole capture. */
  readonly window: Window | null;
  /** Functions of which the capture holds at least one record: their probes were on. */
  readonly recorded: ReadonlySet<string>;
}

export interface Window {
  readonly since: string | null;
  readonly until: string | null;
  readonly lastBoot: boolean;
  /** No event stands in it. */
  readonly empty: boolean;
}

/** More names than this tell nobody anything. */
const FEW = 8;

export function absentText({ device, present }: NonNullable<Scope['absent']>): string {
  if (present.length === 0) return `${device} does not occur in the capture, and neither does another device`;
  const more = present.length - FEW;
  const names = present.slice(0, FEW).join(', ');
  return `${device} does not occur in the capture; these do: ${names}${more > 0 ? ` and ${more} more` : ''}`;
}

/** `from 1.5 to 2 (--since, --until)`. */
export function windowText({ since, until, lastBoot }: Window): string {
  const parts = [
    since === null ? '' : `from ${since} on (--since)`,
    until === null ? '' : `up to ${until} (--until)`,
    lastBoot ? 'after the last boot (--last-boot)' : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}
