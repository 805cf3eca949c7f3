import { dmesg } from './dmesg.ts';
import { dmesgBare } from './dmesg-bare.ts';
import { dmesgJson } from './dmesg-json.ts';
import { fluentBit } from './fluent-bit.ts';
import type { Format } from './format.ts';
import { journalExport } from './journal-export.ts';
import { journalJson } from './journal-json.ts';
import { journalVerbose } from './journal-verbose.ts';
import { kmsg } from './kmsg.ts';
import { lava } from './lava.ts';
import { logcat } from './logcat.ts';
import { pstore } from './pstore.ts';
import { journalMonotonic, syslog } from './syslog.ts';

/** Every form of printk text. Of two that explain as much the first is taken: those with more before the message come first. */
export const PRINTK_FORMATS: readonly Format[] = [
  journalMonotonic,
  syslog,
  pstore,
  dmesg,
  dmesgJson,
  kmsg,
  journalJson,
  journalExport,
  journalVerbose,
  fluentBit,
  lava,
  logcat,
  dmesgBare,
];
