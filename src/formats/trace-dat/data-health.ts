import type { HealthSink } from '../../base/health.ts';
import { lostOnCpu } from '../lost-on-cpu.ts';

/** Says what of the trace data is lost, cut or damaged. */
export class DataHealth {
  readonly #health: HealthSink;
  #damaged = 0;
  #firstDamage = 0;
  #cutCpus = 0;
  #cutBytes = 0;
  #shortAt: number | null = null;

  constructor(health: HealthSink) {
    this.#health = health;
  }

  /**
   * The kernel, or a damaged piece of the file, left records out.
   *
   * @param count -1 where it is not known.
   * @param line number of the record that comes next.
   */
  lost(cpu: number, count: number, line: number): void {
    this.#health({ code: 'events-lost', line, message: lostOnCpu(cpu, count), count: count < 0 ? 1 : count });
  }

  /** @param position byte of the file. */
  damaged(position: number): void {
    if (this.#damaged === 0 || position < this.#firstDamage) this.#firstDamage = position;
    this.#damaged++;
  }

  /** The data of a CPU goes on behind the end of the file. */
  cut(bytes: number): void {
    this.#cutCpus++;
    this.#cutBytes += bytes;
  }

  /**
   * The records of a CPU end before those that were recorded: from here on others go on alone.
   *
   * @param line number of a record that stands before the first one that is missing.
   */
  endsShort(line: number): void {
    this.#shortAt ??= line;
  }

  /** The input is over. @param size of the file. */
  end(size: number): void {
    if (this.#cutCpus > 0) {
      const cpus = this.#cutCpus === 1 ? 'one CPU' : `${this.#cutCpus} CPUs`;
      const message = `the file ends at byte ${size}: ${this.#cutBytes} bytes of the data of ${cpus} are missing; what came before was analysed`;
      this.#health({ code: 'source-cut', line: this.#shortAt, message, count: 1 });
    } else if (this.#damaged > 0) {
      const pieces = this.#damaged === 1 ? 'one piece' : `${this.#damaged} pieces`;
      const message = `${pieces} of the trace data cannot be read, the first at byte ${this.#firstDamage}; the rest was analysed`;
      this.#health({ code: 'source-cut', line: this.#shortAt, message, count: this.#damaged });
    }
  }
}
