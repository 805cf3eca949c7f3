import type { HealthSink } from '../base/health.ts';

/** What copying did to a line, as the words of the health row. */
export type Damage =
  | 'markup'
  | 'retyped'
  | 'squeezed'
  | 'quoted'
  | 'grep'
  | 'outer-time'
  | 'prompt'
  | 'overwritten'
  | 'wrapped'
  | 'soft-break'
  | 'doubled';

const WORDS: Readonly<Record<Damage, string>> = {
  markup: 'in HTML or Markdown',
  squeezed: 'without the blanks that tell how deep a call is, which braces and names told instead',
  retyped: 'with signs that an editor had put in the place of others',
  quoted: 'quoted or indented',
  grep: 'from grep',
  'outer-time': 'behind a time of another program',
  prompt: 'behind a prompt',
  overwritten: 'behind text that a carriage return had overwritten',
  wrapped: 'broken for their width',
  'soft-break': 'in quoted-printable',
  doubled: 'that came twice',
};

/** Counts the lines that were taken for what they had been before somebody copied them. */
export class Repairs {
  readonly #health: HealthSink;
  readonly #counts = new Map<Damage, number>();
  #first = 0;

  constructor(health: HealthSink) {
    this.#health = health;
  }

  note(damage: Damage, line: number): void {
    if (this.#counts.size === 0) this.#first = line;
    this.#counts.set(damage, (this.#counts.get(damage) ?? 0) + 1);
  }

  /** The input is over: says what was repaired. */
  end(): void {
    if (this.#counts.size === 0) return;
    const counts = [...this.#counts];
    const total = counts.reduce((sum, [, count]) => sum + count, 0);
    const parts = counts.map(([damage, count]) => `${count} ${WORDS[damage]}`).join(', ');
    const lines = total === 1 ? '1 line had' : `${total} lines had`;
    const message = `${lines} been changed on the way here: ${parts}; ${total === 1 ? 'it was read as it' : 'they were read as they'} had been`;
    this.#health({ code: 'lines-repaired', line: this.#first, message, count: total });
  }
}
