import type { Command } from './command.ts';

/** A command as the help lists it. Its file is imported only when it is asked for: `--help` must not wait for SQLite. */
export interface CommandEntry {
  readonly name: string;
  /** Its positionals, as yargs writes them. */
  readonly positionals: string;
  readonly description: string;
  readonly load: () => Promise<{ readonly command: Command }>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'analyze',
    positionals: '[input..]',
    description: 'Find steps that came at the wrong time for a TDI',
    load: () => import('./analyze.ts'),
  },
  {
    name: 'timeline',
    positionals: '[input..]',
    description: 'Print what happened to the devices, in order',
    load: () => import('./timeline.ts'),
  },
  {
    name: 'query',
    positionals: '[input..]',
    description: 'Ask the timeline in SQL: inputs, then the statement',
    load: () => import('./query.ts'),
  },
  {
    name: 'schema',
    positionals: '',
    description: 'Describe the views, the health codes, the JSON document',
    load: () => import('./schema.ts'),
  },
  {
    name: 'formats',
    positionals: '[input..]',
    description: 'Say what an input is, and why; without one, list the forms that can be read',
    load: () => import('./formats.ts'),
  },
  { name: 'rules', positionals: '', description: 'List the rules', load: () => import('./rules.ts') },
  {
    name: 'explain',
    positionals: '[rule]',
    description: 'Explain a rule: the right order, why, how to disprove it',
    load: () => import('./explain.ts'),
  },
];
