import type { HealthItem } from '../base/health.ts';
import { normalise } from '../events/normalise.ts';
import { hostMark } from '../events/platform.ts';
import type { KernelRecord } from '../formats/record.ts';

/**
 * Messages that user space wrote to /dev/kmsg in words of the kernel's: nothing is judged by what anybody can write. Marks of
 * scripts and what systemd says are none of them.
 */
export class Claims {
  #count = 0;
  #line = 0;

  /** A record that is claimed. */
  note(record: KernelRecord): void {
    if (normalise(record) === null && hostMark(record) === null) return;
    if (this.#count === 0) this.#line = record.line;
    this.#count += 1;
  }

  fork(): Claims {
    const copy = new Claims();
    copy.#count = this.#count;
    copy.#line = this.#line;
    return copy;
  }

  /** What is to be said at the end of the source, null: nothing. */
  health(): HealthItem | null {
    if (this.#count === 0) return null;
    const [messages, them, were] =
      this.#count === 1 ? ['1 message reads', 'it', 'it was'] : [`${this.#count} messages read`, 'them', 'they were'];
    const message = `${messages} like the kernel's, but the facility says that user space wrote ${them} into the log (/dev/kmsg): ${were} not used`;
    return { code: 'user-written', line: this.#line, message, count: this.#count };
  }
}
