import type { Cursor } from './cursor.ts';
import { Damage } from './damage.ts';

// The parts of the metadata, which versions 6 and 7 write alike, one after the other or in sections of their own.

type Formats = { readonly system: string; readonly text: string }[];

/** A kernel has some 2,000 events in 150 systems. */
const MAX_EVENTS = 1 << 16;
/** Longest format file: that of an event with hundreds of symbolic values takes some KiB. */
const MAX_FORMAT = 1 << 20;

/** @throws Damage */
export function readHeaderInfo(cursor: Cursor): { readonly headerPage: string; readonly headerEvent: string } {
  return { headerPage: named(cursor, 'header_page'), headerEvent: named(cursor, 'header_event') };
}

function named(cursor: Cursor, name: string): string {
  const { place } = cursor;
  if (cursor.string() !== name) throw new Damage(`${name} is missing`, place);
  return sized(cursor, cursor.size64());
}

/** @throws Damage */
export function readFtraceFormats(cursor: Cursor): Formats {
  return readFormats(cursor, 'ftrace');
}

/** @throws Damage */
export function readEventFormats(cursor: Cursor): Formats {
  const systems = cursor.u32();
  if (systems > MAX_EVENTS) throw new Damage('the number of event systems is wrong', cursor.place);
  const formats: Formats = [];
  for (let i = 0; i < systems; i++) formats.push(...readFormats(cursor, cursor.string()));
  return formats;
}

function readFormats(cursor: Cursor, system: string): Formats {
  const count = cursor.u32();
  if (count > MAX_EVENTS) throw new Damage('the number of event formats is wrong', cursor.place);
  const formats: Formats = [];
  for (let i = 0; i < count; i++) formats.push({ system, text: sized(cursor, cursor.size64()) });
  return formats;
}

function sized(cursor: Cursor, size: number): string {
  if (size > MAX_FORMAT) throw new Damage('the size of a format is wrong', cursor.place);
  return cursor.take(size).toString('latin1');
}

/** @throws Damage */
export function readKallsyms(cursor: Cursor): Buffer {
  return cursor.take(cursor.u32());
}

/** @throws Damage */
export function readPrintkFormats(cursor: Cursor): string {
  return cursor.take(cursor.u32()).toString('latin1');
}

/** @throws Damage */
export function readSavedCmdlines(cursor: Cursor): string {
  return cursor.take(cursor.size64()).toString('latin1');
}
