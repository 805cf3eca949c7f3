import { readFileSync } from 'node:fs';

/** The version in package.json: two folders up from the compiled file, one from the source. */
export function toolVersion(): string {
  for (const path of ['../../../package.json', '../../package.json']) {
    try {
      const content: unknown = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
      if (isPackage(content)) return content.version;
    } catch {
      // Not there: the other layout.
    }
  }
  return 'unknown';
}

function isPackage(content: unknown): content is { name: string; version: string } {
  return (
    typeof content === 'object' &&
    content !== null &&
    'name' in content &&
    content.name === 'tdi-trace' &&
    'version' in content &&
    typeof content.version === 'string'
  );
}
