import type { EventKind } from '../events/event.ts';
import type { SideFact } from '../input/side-data.ts';
import type { Severity, Verdict } from '../model/analysis.ts';
import type { EventClass, TdiState } from '../model/states.ts';
import type { Effect } from '../replay/effects.ts';
import type { Step } from '../replay/replay.ts';
import type { DeviceTrack } from '../replay/track.ts';
import type { StoredEvent } from '../timeline/rows.ts';
import type { RuleDoc } from './doc.ts';

/**
 * One way of doing things in the wrong order. A new rule = its file here, its doc in docs/, its cases in
 * fixtures/rules/<id>/, its line in index.ts.
 */
export interface Rule {
  readonly doc: RuleDoc;
  /**
   * Which of several harmful steps inside one operation names it: disable (60) > reset (50) > Memory Space, Bus Master,
   * power (40) > zap (30); removal and SR-IOV above them, misuse of the interface below.
   */
  readonly rank: number;
  /** Whether the charge rests on the function being bound; then something must show that it ever was. */
  readonly restsOnBind: boolean;
  /** Whether the rule concerns the function, whatever happens to it, or for this effect all the same. Absent: it concerns all. */
  readonly concerns?: (track: DeviceTrack, effect?: Effect) => boolean;
  /** Classes that have to be complete before the verdict can be `definite`. */
  readonly settledBy: readonly EventClass[];
  /** Whether the step shows that the last one of the device which this rule judged did not come about. */
  readonly takesBack?: (step: Step) => boolean;
  /** Whether the step is one that this rule judges, and what would be wrong about it; null where it is not. */
  judge(step: Step): Charge | null;
}

/** Of a reset that failed with -ENOTTY. */
export const DONE_AND_SILENT =
  'the reset was done, and what it reset stayed silent: -ENOTTY also says that nothing was found to reset it by';

/** A verdict that somebody did something wrong. */
export type Accusation = Exclude<Verdict, 'inconsistent'>;

/**
 * By a later record of the function that the step was done to: `true`, the charge rests on one premise of several; `false`, what comes from
 * here on tells nothing of it; null for all others.
 */
export type Doubt = (event: StoredEvent) => boolean | null;

/** What puts an operation right from within. */
export interface Righting {
  /** Kinds of records, of what is done to the function. */
  readonly by: ReadonlySet<EventKind>;
  /** The strongest verdict where none of them comes. Absent: any; `possible`: it need not leave a record. */
  readonly otherwiseAtMost?: Extract<Verdict, 'probable' | 'possible'>;
  /** Put right it is still worth a warning, for which only this was done. Absent: there is no finding. */
  readonly stays?: string;
}

/** The unbind of a function, at whatever level it was recorded: what calls what inside may be inlined, or not probed. */
export const UNBINDS: ReadonlySet<EventKind> = new Set(['tsm.unbind', 'tsm.unbind_core']);

/** What a rule holds against a step, before the belief has been asked. */
export interface Charge {
  /** The states in which the step is wrong. */
  readonly wrongIn: (state: TdiState) => boolean;
  /** One sentence without the device's name and without a full stop. */
  readonly summary: string;
  /**
   * The kernel's answer (or the call around the step) decides, whatever was believed: true, the step was wrong; false, it
   * was not. Absent: the belief decides.
   */
  readonly provedByAnswer?: boolean;
  /** The step breaks nothing, whatever the state. */
  readonly changesNothing?: true;
  /** The verdict can be no stronger: something about the step itself is open. */
  readonly atMost?: Extract<Verdict, 'probable' | 'possible'>;
  readonly severity?: Severity;
  /**
   * `atMost` holds because the operation itself puts things right. Where it is seen to, before it ends, there is no finding, or a mere
   * warning. It falls where
   * the capture is declared to hold every event of `settledBy`, and the operation ends without that.
   */
  readonly rightedBy?: Righting;
  /**
   * `atMost` holds as long as the harm may not have been done. It falls with a record of the device that shows it, `true`, and stays
   * where one that may have changed the state came first, `false`; null for all others.
   */
  readonly doneBy?: (event: StoredEvent) => boolean | null;
  /** What is known later only, and makes the verdict `possible` at most. */
  readonly doubtedBy?: Doubt;
  /**
   * `atMost` holds as long as no finding of the rule with this id, proved by an answer, shows the harm inside the operation that the step
   * is part of.
   */
  readonly shownInside?: string;
  /** What the rule takes for granted about the step. */
  readonly takesForGranted?: readonly string[];
  /** What would settle it. */
  readonly toConfirm?: readonly string[];
  /**
   * An earlier finding of this rule, for a record of this kind, whose consequence the step is: it is evidence there and no
   * finding of its own.
   */
  readonly follows?: EventKind;
  /**
   * Whether the step is part of the act that an earlier finding of the device is about, by the record of that: one headline tells of
   * both, unless the earlier one is the weaker suspicion.
   */
  readonly partOf?: (earlier: StoredEvent) => boolean;
  /** A belief that leaves it open accuses nobody and clears nobody: something has to speak for the wrong state. */
  readonly onlyIfLikely?: true;
  /** Where an earlier finding explains the step, it is a symptom of that one and no finding of its own. */
  readonly symptom?: true;
  /**
   * What the answer says was to be done first: in the words of the field, and the kind of record that it leaves, if any. `single`:
   * the function has one of it, so that one record of it is all of it.
   */
  readonly lacking?: { readonly what: string; readonly kind: EventKind | null; readonly single: boolean };
  /** What to say where no history explains the record at all. */
  readonly contradiction?: string;
  /** Records that show why the step is wrong, beside those that put the TDI into its state. */
  readonly shownBy?: readonly StoredEvent[];
  /** The record to name as the violation, where it is not the step's own. */
  readonly violation?: StoredEvent;
}

/** What it takes to believe a refusal for a wrong state after a STOP that succeeded: two answers that do not go together. */
export const NOT_ITS_STOP = 'the STOP that was answered with success before did not stop this TDI';

/** What would settle whether a function is a VF. */
export const SHOW_NO_VF =
  'show that the function is no VF: its connect, the line "BAR 0 [mem ..]" of its enumeration, or lspci -vv in the folder of --side';

/** What side data tell of a function, and is so for its whole life. */
export function fromSideForLife({ place, text }: SideFact): string {
  return `side: ${place}: ${text}; no other function was at its address since`;
}

/** What side data tell was so when they were stored. */
export function fromSide({ place, text }: SideFact): string {
  return `side: ${place}: ${text}, also when the step was done`;
}

/** A write that clears a bit which was clear breaks nothing: it is seen and judged, in any state. */
export const KEPT: Charge = {
  wrongIn: () => false,
  provedByAnswer: false,
  summary: 'a configuration write cleared a bit that was clear',
  changesNothing: true,
};

export const isBound = (state: TdiState): boolean => state.bind === 'bound';
export const isLocked = (state: TdiState): boolean => state.contract !== 'unlocked';

/** Classes that an unrecorded way out of "bound" would belong to. */
export const BIND_CLASSES: readonly EventClass[] = ['bind'];
/** The same for "locked or running": the guest can stop its TDI. */
export const LOCK_CLASSES: readonly EventClass[] = ['bind', 'guest-request'];
