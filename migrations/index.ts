import * as timeline from './0001-timeline.ts';

/**
 * The statements of the steps that make an empty SQLite file a timeline, in order. The number in front is the `user_version` of a file that
 * has come this far. A step is never changed once released: files in the field carry its result.
 */
export const migrations: Readonly<Record<string, readonly string[]>> = {
  '0001-timeline': timeline.statements,
};
