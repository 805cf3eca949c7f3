import { dmesg } from './dmesg.ts';
import { dmesgJson } from './dmesg-json.ts';
import type { Format } from './format.ts';
import { kmsg } from './kmsg.ts';
import { pstore } from './pstore.ts';
import { journalMonotonic, syslog } from './syslog.ts';

/** Every form of printk text. Of two that explain as much the first is taken: those with more before the message come first. */
export const PRINTK_FORMATS: readonly Format[] = [journalMonotonic, syslog, pstore, dmesg, dmesgJson, kmsg];
