import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KernelRecord, TraceEventRecord } from '../../../src/formats/record.ts';
import { analyzeFiles } from '../../support/analyze.ts';
import {
  type EventDefinition,
  entry,
  PageWriter,
  PC,
  type TraceDat,
  writeTraceDat,
} from '../../support/trace-dat-writer.ts';
import { HAS_ZSTD } from '../../support/zstd.ts';
import { readPath } from './read.ts';

// Whole captures of faults, as text: written anew as the trace.dat that would have printed it, they must tell the same.
const CAPTURES = join(import.meta.dirname, '../../../fixtures/captures');
const SCENES = [
  'bme-clear-while-bound',
  'close-before-unbind',
  'good-order',
  'reset-while-bound',
  'vf-removed-while-bound',
];

const KERNEL = 0xffffffff81000000n;
const SPACING = 0x1000n;
const FUNCTION = 1;

/** Turns records of the text into those of a ring buffer. */
class Converter {
  readonly #symbols: string[] = [];
  readonly #events: EventDefinition[] = [];
  readonly #tasks = new Map<number, string>();
  readonly #cpus: PageWriter[] = [];

  add(record: KernelRecord): void {
    const { time, cpu, pid, task } = record;
    if (time === null || cpu === null || pid === null) throw new Error('an incomplete record');
    if (task !== null) this.#tasks.set(pid, task);
    while (this.#cpus.length <= cpu) this.#cpus.push(new PageWriter(PC));
    this.#cpus[cpu]?.record(time, this.#data(record, pid));
  }

  file(version: 6 | 7, compression: NonNullable<TraceDat['compression']>): Buffer {
    return writeTraceDat({
      version,
      compression,
      events: [functionEvent(), ...this.#events],
      kallsyms: this.#symbols
        .map((name, index) => `${(KERNEL + BigInt(index) * SPACING).toString(16)} t ${name}\n`)
        .join(''),
      cmdlines: [...this.#tasks].map(([pid, task]) => `${pid} ${task}\n`).join(''),
      buffers: [{ name: '', clock: 'local', cpus: this.#cpus.map((cpu) => cpu.done()) }],
    });
  }

  #data(record: KernelRecord, pid: number): Buffer {
    if (record.type === 'function') {
      const parent = record.parent === null ? 0n : this.#address(record.parent) + 9n;
      return entry(PC, FUNCTION, pid).number(this.#address(record.symbol), 8).number(parent, 8).done();
    }
    if (record.type === 'event') return this.#event(record, pid);
    throw new Error(`no ${record.type}`);
  }

  #event(record: TraceEventRecord, pid: number): Buffer {
    const { name, symbol, offset, isReturn, caller } = record;
    const texts = symbol === null ? { text: record.body } : Object.fromEntries(record.fields);
    const writer = entry(PC, this.#id(record, Object.keys(texts)), pid);
    if (symbol !== null) {
      if (isReturn && caller === null) throw new Error(`${name}: no caller`);
      writer.number(this.#address(symbol) + BigInt(offset ?? 0), 8);
      if (caller !== null) writer.number(this.#address(caller) + 9n, 8);
    }
    let place = writer.length + 4 * Object.keys(texts).length;
    for (const text of Object.values(texts)) {
      writer.number(((text.length + 1) << 16) | place, 4);
      place += text.length + 1;
    }
    for (const text of Object.values(texts)) writer.text(`${text}\0`);
    return writer.done();
  }

  #id({ name, symbol, isReturn }: TraceEventRecord, texts: readonly string[]): number {
    // A field that could not be read is printed all the same, so each event has one set of them.
    const known = this.#events.find(
      (event) => event.name === name && event.fields.length === texts.length + (symbol === null ? 0 : isReturn ? 2 : 1),
    );
    if (known !== undefined) return known.id;
    const location: EventDefinition['fields'] =
      symbol === null
        ? []
        : isReturn
          ? [
              ['unsigned long __probe_func', 8, 8, 0],
              ['unsigned long __probe_ret_ip', 16, 8, 0],
            ]
          : [['unsigned long __probe_ip', 8, 8, 0]];
    const start = 8 + 8 * location.length;
    const strings = texts.map((text) => `__get_str(${text})`);
    const where = symbol === null ? [] : isReturn ? ['REC->__probe_func', 'REC->__probe_ret_ip'] : ['REC->__probe_ip'];
    const format =
      symbol === null
        ? '%s'
        : `(${isReturn ? '%lx <- %lx' : '%lx'})${texts.map((text) => ` ${text}=\\"%s\\"`).join('')}`;
    const id = 100 + this.#events.length;
    this.#events.push({
      system: symbol === null ? 'any' : 'kprobes',
      name,
      id,
      fields: [
        ...location,
        ...texts.map((text, index) => [`__data_loc char[] ${text}`, start + 4 * index, 4, 1] as const),
      ],
      print: [`"${format}"`, ...where, ...strings].join(', '),
    });
    return id;
  }

  #address(symbol: string): bigint {
    let index = this.#symbols.indexOf(symbol);
    if (index < 0) index = this.#symbols.push(symbol) - 1;
    return KERNEL + BigInt(index) * SPACING;
  }
}

function functionEvent(): EventDefinition {
  return {
    system: 'ftrace',
    name: 'function',
    id: FUNCTION,
    fields: [
      ['unsigned long ip', 8, 8, 0],
      ['unsigned long parent_ip', 16, 8, 0],
    ],
    print: '" %ps <-- %ps", (void *)REC->ip, (void *)REC->parent_ip',
  };
}

/** All but what is of the form: the text, and numbers of lines. */
function content(record: KernelRecord): unknown {
  const { line: _line, endLine: _end, text: _text, ...rest } = record;
  if (rest.type !== 'event' || rest.symbol === null) return rest;
  const { body: _body, ...more } = rest;
  return more;
}

describe.each(SCENES)('%s', (scene) => {
  test.each([
    ['trace.fn.txt', 6, 'none'],
    ['trace.fn.txt', 7, 'zlib'],
    ['trace.probes.txt', 7, 'zstd'],
    ['trace.probes.txt', 7, 'none'],
  ] as const)('%s as version %i, %s', async (name, version, compression) => {
    if (compression === 'zstd' && !HAS_ZSTD) return;
    const path = join(CAPTURES, scene, name);
    const text = await readPath(path);
    const converter = new Converter();
    for (const record of text.records) converter.add(record);
    const folder = mkdtempSync(join(tmpdir(), 'tdi-trace-dat-'));
    try {
      const file = join(folder, 'trace.dat');
      writeFileSync(file, converter.file(version, compression));
      const native = await readPath(file);
      expect(native.records.map(content)).toEqual(text.records.map(content));
      const numbers = new Map(text.records.map(({ line }, index) => [line, index + 1]));
      const findings = async (input: string, number: (line: number) => number) => {
        const analysis = await analyzeFiles([input]);
        return analysis.findings.map(({ rule, verdict, device, headline, fingerprint, time, evidence }) => ({
          ...{ rule, verdict, device, headline, fingerprint, time },
          evidence: evidence.map(({ line, role, event }) => ({ line: number(line), role, event })),
        }));
      };
      const found = await findings(file, (line) => line);
      expect(found).toEqual(await findings(path, (line) => numbers.get(line) ?? Number.NaN));
      if (scene !== 'good-order' && name.includes('probes')) expect(found.length).toBeGreaterThan(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
