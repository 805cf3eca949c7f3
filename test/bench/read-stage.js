// The reading stage alone: bytes, lines, records; what the records mean is left out.
import { existsSync } from 'node:fs';

// The compiled program where there is one, since stripping types takes 0.1 s of a start.
const built = new URL('../../dist/src/', import.meta.url);
const [root, extension] = existsSync(built) ? [built, 'js'] : [new URL('../../src/', import.meta.url), 'ts'];
const { INTEREST } = await import(new URL(`events/index.${extension}`, root).href);
const { openSource } = await import(new URL(`input/source.${extension}`, root).href);
const { readSource } = await import(new URL(`formats/read.${extension}`, root).href);

const source = await openSource(process.argv[2] ?? '-');
let emitted = 0;
const totals = await readSource(source, {
  inputFormat: null,
  interest: INTEREST,
  emit: () => {
    emitted++;
  },
  health: () => undefined,
  maxBytes: Number.MAX_SAFE_INTEGER,
});
process.stdout.write(`${totals.lines} ${emitted}\n`);
