import type { ParserContext } from '../format.ts';
import { NO_ARGUMENTS } from '../record.ts';
import { decodeText } from '../text.ts';
import type { CurrentRecord } from './current-record.ts';
import { EventBody } from './event-body.ts';
import type { EventFormat } from './event-format.ts';
import type { Resolve } from './print-text.ts';
import type { TaskStacks } from './task-stacks.ts';

/** The records of one static event that somebody wants. */
export class EventRecords {
  readonly #event: EventFormat;
  readonly #context: ParserContext;
  readonly #stacks: TaskStacks;
  readonly #body: EventBody;
  readonly #longSize: 4 | 8;

  constructor(event: EventFormat, context: ParserContext, stacks: TaskStacks, resolve: Resolve, longSize: 4 | 8) {
    this.#event = event;
    this.#context = context;
    this.#stacks = stacks;
    this.#body = new EventBody(event, resolve);
    this.#longSize = longSize;
  }

  take(current: CurrentRecord): void {
    const { name, fields } = this.#event;
    const body = this.#body.print({ fields, record: current.fields, longSize: this.#longSize });
    const stack = this.#stacks.known(current.pid, current.cpu);
    this.#context.emit({
      ...current.head(),
      text: decodeText(current.rowHead(name) + body),
      type: 'event',
      name,
      body: decodeText(body),
      symbol: null,
      offset: null,
      isReturn: false,
      caller: null,
      fields: NO_ARGUMENTS,
      enclosingLine: stack?.open.at(-1)?.line ?? null,
      stack: stack?.id ?? null,
    });
  }
}
