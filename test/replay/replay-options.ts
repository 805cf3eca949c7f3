import { EVENT_CLASSES } from '../../src/model/states.ts';
import type { ReplayOptions } from '../../src/replay/step.ts';

/** Nothing is declared, and no platform is told. */
export const NOTHING_TOLD: ReplayOptions = {
  platform: 'generic',
  x86: false,
  complete: new Set(),
  fromBoot: false,
  gaps: new Map(),
  judged: () => true,
  side: null,
};

/** All of it recorded from the start, on a platform where bind locks. */
export const ALL_TOLD: ReplayOptions = {
  ...NOTHING_TOLD,
  platform: 'sev-tio',
  complete: new Set(EVENT_CLASSES),
  fromBoot: true,
};
