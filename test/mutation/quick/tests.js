import { readdirSync } from 'node:fs';

// Those that read logs from files, or look at the sources, need the program as it lies on the disk.
const NOT_HERE = new Set(['event-list.test.ts', 'gaps.test.ts', 'cases.test.ts', 'docs.test.ts', 'orders.test.ts']);

export function testFiles() {
  return ['test/model', 'test/replay', 'test/rules'].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.test.ts') && !NOT_HERE.has(name))
      .map((name) => `${folder}/${name}`),
  );
}
