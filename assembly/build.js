// npm run build:skim: compiles assembly/ into src/input/skim-module.ts, which is kept in the repository: who only builds the
// program needs no compiler for it. test/input/skim-module.test.ts checks that both agree.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns {Promise<string>} the text of the module. */
export async function compile() {
  const output = new Map();
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      ...['--baseDir', root, '--outFile', 'skim.wasm', '--optimizeLevel', '3', '--shrinkLevel', '0'],
      // Nothing is allocated and nothing can be thrown: all memory is that of assembly/layout.ts.
      ...['--enable', 'simd', '--enable', 'relaxed-simd', '--runtime', 'stub', '--noAssert', '--use', 'abort='],
      ...['--initialMemory', '25', '--maximumMemory', '25', '--memoryBase', '0x180000'],
    ],
    { writeFile: (name, contents) => void output.set(name, contents) },
  );
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  const bytes = Buffer.from(output.get('skim.wasm'));
  const lines = bytes.toString('base64').match(/.{1,116}/g) ?? [];
  return `// Made by npm run build:skim from assembly/; do not edit.\nexport const SKIM_MODULE = \`\n${lines.join('\n')}\n\`;\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../src/input/skim-module.ts', import.meta.url), await compile());
}
