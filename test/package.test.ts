import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const ROOT = new URL('../', import.meta.url);
const MANIFEST = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
const BUILD = JSON.parse(readFileSync(new URL('tsconfig.build.json', ROOT), 'utf8'));

describe('package.json', () => {
  test.each(Object.entries<string>(MANIFEST.exports['.']))(
    'the library has its %s where the build puts it',
    (_, path) => {
      const { outDir, rootDir } = BUILD.compilerOptions;
      const inside = path.slice(`./${outDir}/`.length).replace(/(?:\.d\.ts|\.js)$/, '.ts');
      expect(path.startsWith(`./${outDir}/`), path).toBe(true);
      expect(existsSync(new URL(`${rootDir}/${inside}`, ROOT)), path).toBe(true);
    },
  );
});
