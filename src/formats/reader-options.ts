import type { OpenedSource } from '../input/source.ts';
import type { Format } from './format.ts';
import type { PartSink } from './part.ts';
import type { Interest } from './record.ts';

export interface ReaderOptions {
  readonly format: Format | null;
  readonly interest: Interest;
  readonly part: () => PartSink;
  /** Several parts may be told apart. */
  readonly split: boolean;
  /** The messages of several machines may be told apart. */
  readonly machines: boolean;
  readonly compression: OpenedSource['compression'];
  /** What is held back may be asked for. */
  readonly peeked: boolean;
  /** The first lines of each part are kept. */
  readonly sampled: boolean;
}
