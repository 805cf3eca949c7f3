/** A member as it shall stand in the archive. */
export interface TarFile {
  readonly name: string;
  readonly content?: string | Buffer;
  /** The type flag; a regular file without it. */
  readonly type?: string;
  /** What the size field says, where it lies. */
  readonly size?: number;
  /** GNU tar's own form instead of ustar. */
  readonly gnu?: boolean;
}

const BLOCK = 512;

/** An archive with its end mark, made by hand: no tool writes what some tests need. */
export function tar(files: readonly TarFile[]): Buffer {
  return Buffer.concat([...files.map(member), Buffer.alloc(2 * BLOCK)]);
}

export function member({ name, content = '', type = '0', size, gnu = false }: TarFile): Buffer {
  const body = Buffer.from(content);
  return Buffer.concat([header(name, type, size ?? body.length, gnu), padded(body)]);
}

/** The same with a header of extended attributes before it. */
export function paxMember(attributes: Readonly<Record<string, string>>, file: TarFile): Buffer {
  const text = Object.entries(attributes)
    .map(([key, value]) => attribute(` ${key}=${value}\n`))
    .join('');
  return Buffer.concat([member({ name: 'PaxHeaders/x', content: text, type: 'x' }), member(file)]);
}

function attribute(rest: string): string {
  const bytes = Buffer.byteLength(rest);
  for (let length = bytes; ; length++) if (`${length}`.length + bytes === length) return length + rest;
}

function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}

function header(name: string, type: string, size: number, gnu: boolean): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name.slice(0, 100), 0, 'utf8');
  block.write('0000644\0', 100);
  if (size < 8 ** 11) block.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(size), 128);
  }
  block.write('00000000000\0', 136);
  block.write(type, 156);
  block.write(gnu ? 'ustar  \0' : 'ustar\x0000', 257, 'latin1');
  block.write(' '.repeat(8), 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
