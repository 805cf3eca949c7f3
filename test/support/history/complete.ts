import fc from 'fast-check';
import { PLATFORMS, type Platform } from '../../../src/model/states.ts';
import { BUGS, type Bug, platformsOf, type Seeded } from './bugs.ts';
import { cappedOn, namedOn } from './capped.ts';
import { DRIVERS } from './drivers.ts';
import { ADMIN } from './moves.ts';
import { sideDataOf } from './side.ts';
import { born, bring, choices, type Life, shown, startOn, told, walk } from './walk.ts';
import { WHOLE } from './whole.ts';

/** A platform of which nobody knows the driver leaves open what a bind did: of a complete trace the platform is known. */
export const KNOWN_PLATFORMS: readonly Platform[] = PLATFORMS.filter((platform) => DRIVERS[platform].unbind !== null);

export interface Kind {
  readonly bug: Bug;
  readonly platform: Platform;
}

/** Every kind of bug on every platform where a complete trace of it can be. */
export const KINDS: readonly Kind[] = BUGS.flatMap((bug) =>
  platformsOf(bug)
    .filter((platform) => KNOWN_PLATFORMS.includes(platform))
    .map((platform) => ({ bug, platform })),
);

export interface Whole extends Seeded {
  /** Rules of which one is to be found. */
  readonly rules: readonly string[];
}

/**
 * All that a machine can tell of a bug: the driver of the platform is recorded with its arguments and results, what the kernel does
 * after the bug stands in the trace, and lspci is stored beside it. Judge it by `omniscient()`. The function is the same from the
 * beginning to the end: which of two at one address lspci is of, nothing would tell.
 */
export const completeOn = ({ bug, platform }: Kind, length = 8): fc.Arbitrary<Whole> =>
  fc
    .tuple(startOn(platform), choices(length), fc.constantFrom(...bug.when))
    .map(([start, numbers, when]) => {
      const life = walk(born({ ...start, ...bug.start, deep: true }), numbers);
      // Where a bind need not lock, what was never locked was not stopped, either.
      return bring(when === 'stopped' ? bring(life, 'locked') : life, when);
    })
    .filter(({ world }) => world.replaced !== true)
    .map((life) => seedWhole(bug, life));

function seedWhole(bug: Bug, { world, entries }: Life): Whole {
  const { platform, bdf, task } = world;
  const acts = WHOLE[`${bug.rule}: ${bug.name}`]?.(world) ?? bug.acts(world);
  const capped = cappedOn(bug, platform);
  const by = namedOn(bug, platform)?.by;
  return {
    bug,
    platform,
    entries: shown([...entries, ...told(acts, bug.admin ? ADMIN : task, `BUG: ${bug.name}`)]),
    at: entries.length,
    victim: bug.victim ?? bdf,
    verdict: capped?.verdict ?? 'definite',
    side: sideDataOf([{ world, keepsState: false }]),
    rules: by === undefined ? [bug.rule] : [bug.rule, by],
  };
}
