/** How the bytes of a field are to be read. Dynamic ones hold the place and the length of what they stand for. */
export type FieldKind = 'number' | 'array' | 'dynamic' | 'relative';

export interface Field {
  readonly name: string;
  /** As declared, `unsigned long`, `__data_loc char[]`. */
  readonly type: string;
  readonly kind: FieldKind;
  /** Of characters: reads as a string. */
  readonly text: boolean;
  /** Bytes from the start of the record. */
  readonly offset: number;
  /** Bytes; 0 where the array goes on to the end of the record. */
  readonly size: number;
  readonly signed: boolean;
}

/** Longest format that is looked at: the largest of a kernel take some 100 KiB, for their symbolic values. */
const MAX_FORMAT = 1 << 20;
const MAX_FIELDS = 256;

/**
 * A `format` file of tracefs, event_format in kernel/trace/trace_events.c (f_show):
 *
 *     name: map
 *     ID: 1041
 *     format:
 *             field:int common_pid;   offset:4;       size:4; signed:1;
 *
 *             field:u64 iova; offset:8;       size:8; signed:0;
 *
 *     print fmt: "IOMMU: iova=0x%016llx", REC->iova
 */
export class EventFormat {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  readonly #text: string;
  #fields: ReadonlyMap<string, Field> | null = null;

  private constructor(system: string, name: string, id: number, text: string) {
    this.system = system;
    this.name = name;
    this.id = id;
    this.#text = text;
  }

  /** Null where the text is no format. */
  static parse(system: string, text: string): EventFormat | null {
    if (text.length > MAX_FORMAT) return null;
    const name = /^name: ([\w.$-]{1,512})$/m.exec(text.slice(0, 600))?.[1];
    const id = /^ID: (\d{1,5})$/m.exec(text.slice(0, 1200))?.[1];
    return name === undefined || id === undefined ? null : new EventFormat(system, name, Number(id), text);
  }

  /** By name, in the order of the record; the common ones first. */
  get fields(): ReadonlyMap<string, Field> {
    this.#fields ??= parseFields(this.#text);
    return this.#fields;
  }

  /** What follows `print fmt: `, on one line; empty where it is missing. */
  get printFormat(): string {
    const at = this.#text.indexOf('\nprint fmt: ');
    return at < 0 ? '' : this.#text.slice(at + '\nprint fmt: '.length).trimEnd();
  }
}

/** Also of `header_page`, which is laid out the same. */
export function parseFields(text: string): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  let at = text.indexOf('\tfield:');
  while (at >= 0 && fields.size < MAX_FIELDS) {
    const end = text.indexOf('\n', at);
    const field = parseField(text.slice(at + '\tfield:'.length, end < 0 ? text.length : end));
    if (field !== null && !fields.has(field.name)) fields.set(field.name, field);
    at = end < 0 ? -1 : text.indexOf('\tfield:', end);
  }
  return fields;
}

/** `__data_loc char[] bdf;	offset:16;	size:4;	signed:1;`, `char comm[16];	offset:..`, `unsigned long args[];	..`. */
function parseField(line: string): Field | null {
  const [declaration = '', offset, size, signed] = line.split(';', 5);
  const place = numberAfter(offset, '\toffset:');
  const length = numberAfter(size, '\tsize:');
  if (place === null || length === null) return null;
  let text = declaration.trim();
  const bracket = text.endsWith(']') ? text.lastIndexOf('[') : -1;
  const isArray = bracket > 0;
  if (isArray) text = text.slice(0, bracket).trimEnd();
  const name = lastWord(text);
  if (name === '') return null;
  const type = text.slice(0, text.length - name.length).trim();
  const kind = type.startsWith('__data_loc ')
    ? 'dynamic'
    : type.startsWith('__rel_loc ')
      ? 'relative'
      : isArray
        ? 'array'
        : 'number';
  const ofCharacters = /\bchar\b/.test(type.slice(0, 64)) && !type.includes('*');
  return {
    name,
    type,
    kind,
    text: kind !== 'number' && ofCharacters,
    offset: place,
    size: length,
    signed: signed === '\tsigned:1',
  };
}

function lastWord(text: string): string {
  let start = text.length;
  while (start > 0 && /\w/.test(text.charAt(start - 1))) start--;
  return text.slice(start);
}

function numberAfter(text: string | undefined, prefix: string): number | null {
  if (text === undefined || !text.startsWith(prefix)) return null;
  const digits = text.slice(prefix.length);
  return /^\d{1,6}$/.test(digits) ? Number(digits) : null;
}
