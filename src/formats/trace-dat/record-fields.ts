import type { Field } from './event-format.ts';
import { addressKey } from './symbols.ts';

/** Longest string that a record's field is read as. */
const MAX_STRING = 8192;

/** The bytes of one record, read by the fields of its format. What lies outside the record reads as null. */
export class RecordFields {
  readonly #littleEndian: boolean;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #bytes: Buffer = Buffer.alloc(0);
  #start = 0;
  #end = 0;

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  /** The record that is read from now on. */
  set(view: DataView, bytes: Buffer, start: number, end: number): void {
    this.#view = view;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }

  /** Bytes of the record. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** @param offset from the start of the record. */
  number(offset: number, size: number, signed: boolean): bigint | null {
    const at = this.#start + offset;
    if (offset < 0 || at + size > this.#end) return null;
    const little = this.#littleEndian;
    switch (size) {
      case 1:
        return BigInt(signed ? this.#view.getInt8(at) : this.#view.getUint8(at));
      case 2:
        return BigInt(signed ? this.#view.getInt16(at, little) : this.#view.getUint16(at, little));
      case 4:
        return BigInt(signed ? this.#view.getInt32(at, little) : this.#view.getUint32(at, little));
      case 8:
        return signed ? this.#view.getBigInt64(at, little) : this.#view.getBigUint64(at, little);
      default:
        return null;
    }
  }

  /** A small number: of a field with at most 32 bits, or the lower 32 of a longer one. */
  small(field: Field): number | null {
    const at = this.#start + field.offset;
    if (at + field.size > this.#end) return null;
    if (field.size === 8) return this.#view.getUint32(this.#littleEndian ? at : at + 4, this.#littleEndian);
    if (field.size === 4) return this.#view.getUint32(at, this.#littleEndian);
    return Number(this.number(field.offset, field.size, false));
  }

  /** An address as {@link addressKey}, null where the record is too short. */
  address(field: Field): number | null {
    const at = this.#start + field.offset;
    if (at + field.size > this.#end) return null;
    const little = this.#littleEndian;
    if (field.size === 4) return this.#view.getUint32(at, little);
    if (field.size !== 8) return null;
    return addressKey(
      this.#view.getUint32(little ? at + 4 : at, little),
      this.#view.getUint32(little ? at : at + 4, little),
    );
  }

  /** Where the field's bytes lie, from the start of the record; null where that is outside of it. */
  place(field: Field): { readonly offset: number; readonly length: number } | null {
    let { offset } = field;
    let length = field.size;
    if (field.kind === 'dynamic' || field.kind === 'relative') {
      // __data_loc: 16 bits of length, 16 of place; __rel_loc: from the end of the field on. include/trace/stages/.
      const word = this.number(field.offset, 4, false);
      if (word === null) return null;
      offset = Number(word & 0xffffn) + (field.kind === 'relative' ? field.offset + 4 : 0);
      length = Number(word >> 16n);
    } else if (length === 0) length = this.length - offset;
    return offset < 0 || length < 0 || offset + length > this.length ? null : { offset, length };
  }

  /** Up to the first NUL; latin1, null where it lies outside of the record. */
  string(field: Field): string | null {
    const place = this.place(field);
    if (place === null) return null;
    const from = this.#start + place.offset;
    const to = from + Math.min(place.length, MAX_STRING);
    const nul = this.#bytes.subarray(from, to).indexOf(0);
    return this.#bytes.toString('latin1', from, nul < 0 ? to : from + nul);
  }
}
