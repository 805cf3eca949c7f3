// The reading stage alone: bytes, lines, records; what the records mean is left out.
import { readSource } from '../../src/formats/read.ts';
import { openSource } from '../../src/input/source.ts';
import { RELEVANT_SYMBOLS } from './generate.js';

const source = await openSource(process.argv[2] ?? '-');
if (source.kind !== 'log') throw new Error('no log');
let emitted = 0;
const totals = await readSource(source, {
  inputFormat: null,
  interest: {
    symbol: (name) => RELEVANT_SYMBOLS.has(name),
    event: () => false,
    message: (text) => text.includes('vfio') || text.includes('AER'),
  },
  emit: () => emitted++,
  health: () => undefined,
  maxBytes: Number.MAX_SAFE_INTEGER,
});
process.stdout.write(`${totals.lines} ${emitted}\n`);
