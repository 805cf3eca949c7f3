// Replay and rules alone, over a finished timeline, and how much is kept of every device meanwhile.
// replay-stage.js TIMELINE
import { existsSync } from 'node:fs';

const built = new URL('../../dist/src/', import.meta.url);
const [root, extension] = existsSync(built) ? [built, 'js'] : [new URL('../../src/', import.meta.url), 'ts'];
const { openTimeline } = await import(new URL(`timeline/create.${extension}`, root).href);
const { holdTrial } = await import(new URL(`rules/trial.${extension}`, root).href);
const { RULES } = await import(new URL(`rules/index.${extension}`, root).href);

const timeline = openTimeline(process.argv[2] ?? '');
const options = {
  platform: 'sev-tio',
  x86: true,
  complete: new Set(),
  fromBoot: false,
  gaps: new Map(),
  judged: () => true,
  side: null,
};
const { tracks, court } = await holdTrial(timeline, options, RULES);
const most = (of) => Math.max(0, ...tracks.map(of));
const kept = [
  `${most(({ belief }) => belief.size)} states`,
  `${most(({ waitedMost }) => waitedMost)} steps that wait for later records`,
  `${most(({ belief }) => belief.everyAssumption().length)} assumptions`,
];
process.stdout.write(`kept of a device, at the most: ${kept.join(', ')}; ${court.findings().length} findings\n`);
timeline.close();
