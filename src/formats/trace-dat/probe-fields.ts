import { decodeText } from '../text.ts';
import type { EventFormat } from './event-format.ts';
import { NotUnderstood, type PrintFormat, parsePrintFormat } from './print-expression.ts';
import { printText, type Resolve } from './print-text.ts';
import type { Scope } from './print-value.ts';

/** One argument of a dynamic event as its format prints it: ` bdf="%s"`. */
interface Piece {
  readonly name: string;
  readonly format: PrintFormat;
}

/** What the arguments of a dynamic event were. `text` is latin1 and begins with a blank, `values` are decoded. */
export interface ProbeValues {
  readonly text: string;
  readonly values: ReadonlyMap<string, string>;
}

/** Trace probes take 128 arguments: MAX_TRACE_ARGS in kernel/trace/trace_probe.h. */
const MAX_PIECES = 128;

/**
 * Prints the arguments of a dynamic event one by one, so that what a string holds cannot pass for another argument.
 * The format is the kernel's, __set_print_fmt() in kernel/trace/trace_probe.c:
 *
 *     "(%lx) bdf=\"%s\" ictx=0x%Lx", REC->__probe_ip, __get_str(bdf), REC->ictx
 */
export class ProbeFields {
  readonly #pieces: readonly Piece[];
  readonly #resolve: Resolve;

  constructor(event: EventFormat, resolve: Resolve) {
    this.#resolve = resolve;
    this.#pieces = piecesOf(event);
  }

  print(scope: Scope): ProbeValues {
    let text = '';
    const values = new Map<string, string>();
    for (const { name, format } of this.#pieces) {
      const value = this.#value(format, scope);
      text += ` ${name}=${value}`;
      const quoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
      values.set(name, decodeText(quoted ? value.slice(1, -1) : value));
    }
    return { text, values };
  }

  #value(format: PrintFormat, scope: Scope): string {
    try {
      return printText(format, scope, this.#resolve);
    } catch (error) {
      if (error instanceof NotUnderstood) return '';
      throw error;
    }
  }
}

function piecesOf(event: EventFormat): Piece[] {
  let whole: PrintFormat;
  try {
    whole = parsePrintFormat(event.printFormat);
  } catch (error) {
    if (error instanceof NotUnderstood) return [];
    throw error;
  }
  const starts: { readonly name: string; readonly at: number }[] = [];
  for (const { name } of event.fields.values()) {
    if (name.startsWith('common_') || name.startsWith('__probe_') || starts.length >= MAX_PIECES) continue;
    // The names stand in the order of the fields.
    const at = whole.text.indexOf(` ${name}=`, starts.at(-1)?.at ?? 0);
    if (at >= 0) starts.push({ name, at });
  }
  let used = conversions(whole.text.slice(0, starts[0]?.at ?? whole.text.length));
  return starts.map(({ name, at }, index) => {
    const text = whole.text.slice(at + name.length + 2, starts[index + 1]?.at ?? whole.text.length);
    const from = used;
    used += conversions(text);
    return { name, format: { text, arguments: whole.arguments.slice(from, used) } };
  });
}

/** How many arguments a format takes; `%%` takes none. */
function conversions(text: string): number {
  return text.replaceAll('%%', '').split('%').length - 1;
}
