// What a run of the properties has tried, from the report of vitest.

/** A test of the report; `meta.cases` comes from test/support/seed.ts. */
export interface Reported {
  readonly fullName: string;
  readonly status: string;
  readonly meta?: { readonly cases?: number };
}

/** A property, how many cases it was tried on, and whether one of them broke it. */
export interface Tried {
  readonly file: string;
  readonly name: string;
  readonly cases: number;
  readonly failed: boolean;
}

/** The tests of a file that have tried cases; others read the tables, or one history. */
export function propertiesOf(file: string, tests: readonly Reported[]): Tried[] {
  return tests.flatMap(({ fullName, status, meta }) =>
    meta?.cases === undefined ? [] : [{ file, name: fullName, cases: meta.cases, failed: status === 'failed' }],
  );
}

/** The properties that were tried `runs` times each by name, the others file by file; then all together. */
export function lines(tried: readonly Tried[], runs: number): string[] {
  const whole = tried.filter(({ cases, failed }) => cases >= runs || failed);
  const rest = Map.groupBy(
    tried.filter((one) => !whole.includes(one)),
    ({ file }) => file,
  );
  return [
    ...whole.map((one) => row(one.cases, `${one.failed ? 'FAILED ' : ''}${one.file}: ${one.name}`)),
    ...[...rest].map(([file, list]) => row(sum(list), `${file}: ${count(list.length)}`)),
    row(sum(tried), `in all: ${count(tried.length)}`),
  ];
}

const count = (properties: number): string => (properties === 1 ? '1 property' : `${properties} properties`);

function row(cases: number, name: string): string {
  return `${cases.toLocaleString('en').padStart(11)}  ${name}`;
}

function sum(list: readonly Tried[]): number {
  return list.reduce((total, { cases }) => total + cases, 0);
}
