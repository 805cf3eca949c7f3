// The yardstick: a whole process that splits a file with split2 and counts its lines.
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import split2 from 'split2';

let lines = 0;
const splitter = split2();
splitter.on('data', () => lines++);
await pipeline(createReadStream(process.argv[2] ?? ''), splitter);
process.stdout.write(`${lines}\n`);
