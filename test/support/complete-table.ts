import type { Platform } from '../../src/model/states.ts';
import { CAPPED, cappedOn, NAMED, namedOn, REASONS } from './history/capped.ts';
import { KINDS, type Kind, KNOWN_PLATFORMS } from './history/complete.ts';

const NAMES: Readonly<Record<Platform, string>> = {
  generic: 'an undecided platform',
  tdx: 'TDX',
  'sev-tio': 'SEV-TIO',
  cca: 'CCA',
};

/** What a complete trace makes of every kind of bug, in Markdown: how many are `definite`, and why the others are not. */
export function completeTable(): string {
  const capped = KINDS.filter(({ bug, platform }) => cappedOn(bug, platform) !== undefined);
  const named = KINDS.filter(({ bug, platform }) => namedOn(bug, platform) !== undefined);
  return [
    `On the complete trace ${KINDS.length - capped.length} of ${KINDS.length} kinds of bugs, each counted once a platform, are \`definite\`,`,
    `${named.length} of them by another rule, which says what they come to. The other ${capped.length} are less by design:`,
    '',
    '| why it is not `definite` | kinds | bugs |',
    '| --- | ---: | --- |',
    ...Object.entries(REASONS).map(([reason, text]) => {
      const of = (one: Kind) => cappedOn(one.bug, one.platform)?.reason === reason;
      const bugs = CAPPED.filter((one) => one.reason === reason).map(
        ({ rule, name, platforms }) => `\`${rule}\`: ${name}${placeOf(platforms)}`,
      );
      return `| ${text} | ${KINDS.filter(of).length} | ${bugs.join('; ')} |`;
    }),
    '',
    '| named by another rule | which is `definite` | because |',
    '| --- | --- | --- |',
    ...NAMED.map(
      ({ rule, name, platforms, by, because }) =>
        `| \`${rule}\`: ${name}${placeOf(platforms)} | \`${by}\` | ${because} |`,
    ),
    '',
  ].join('\n');
}

function placeOf(platforms: readonly Platform[] | undefined): string {
  if (platforms === undefined || KNOWN_PLATFORMS.every((one) => platforms.includes(one))) return '';
  return ` (${platforms.map((one) => NAMES[one]).join(', ')})`;
}
