import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';

const STATUSES = ['Killed', 'Timeout', 'Survived', 'NoCoverage', 'Error'];
const HEADS = ['score', 'killed', 'timeout', 'survived', 'no test', 'not run'];

const here = (file) => relative(process.cwd(), file);
const cells = (list) => list.map((one) => String(one).padStart(9)).join('');

/** Prints how many faults of each file were found, and writes down where the others are. */
export function report(mutants, results, path) {
  const statusOf = ({ id }) => results.get(id).status;
  const count = (list) => STATUSES.map((status) => list.filter((one) => statusOf(one) === status).length);
  console.log(' '.repeat(44) + cells(HEADS));
  for (const [file, list] of [...Map.groupBy(mutants, ({ fileName }) => here(fileName))].sort())
    console.log(line(file, count(list)));
  console.log(line('all', count(mutants)));
  const left = mutants.filter((one) => statusOf(one) !== 'Killed').map((one) => `${statusOf(one)} ${placeOf(one)}\n`);
  writeFileSync(path, left.join(''));
}

/** The score is what is killed or never ends, of all that ran or should have. */
function line(name, counts) {
  const [killed, timeout, survived, uncovered] = counts;
  const ran = killed + timeout + survived + uncovered;
  const score = ran === 0 ? '-' : `${((100 * (killed + timeout)) / ran).toFixed(1)} %`;
  return name.padEnd(44) + cells([score, ...counts]);
}

function placeOf({ fileName, location: { start, end }, mutatorName, replacement }) {
  const first = readFileSync(fileName, 'utf8').split('\n')[start.line] ?? '';
  const was = start.line === end.line ? first.slice(start.column, end.column) : `${first.slice(start.column)} ..`;
  const becomes = String(replacement).replace(/\s+/g, ' ').slice(0, 120);
  return `${here(fileName)}:${start.line + 1}:${start.column + 1} ${mutatorName}: ${was}  =>  ${becomes}`;
}
