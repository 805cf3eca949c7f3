// What is done a million times a second: lines that nobody wants are gone over on their bytes, in WebAssembly, since it
// compares sixteen of them at once. Compiled by npm run build:skim into src/input/skim-module.ts.
export { isWanted } from './hints';
export { CHUNK, FOUND, FOUND_TIME, HINTS, NAME, PREFIX, PREFIX_MAX, PREFIX_SLACK } from './layout';
export { skimMessages } from './messages';
export { addName, forgetNames } from './names';
export { layOut, skimRows } from './rows';
export { scan } from './scan';
