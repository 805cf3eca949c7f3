/** An argument of a print format: the C that the kernel writes into a `format` file, as far as its events use it. */
export type Expression =
  | { readonly type: 'number'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'field'; readonly name: string }
  | { readonly type: 'index'; readonly of: Expression; readonly at: Expression }
  | { readonly type: 'cast'; readonly to: string; readonly of: Expression }
  | { readonly type: 'unary'; readonly operator: string; readonly of: Expression }
  | { readonly type: 'binary'; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly type: 'choice'; readonly if: Expression; readonly yes: Expression; readonly no: Expression }
  | { readonly type: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  /** `{ 1, "a" }`, of __print_symbolic() and __print_flags(). */
  | { readonly type: 'group'; readonly items: readonly Expression[] };

/** A print format taken apart. Texts are latin1. */
export interface PrintFormat {
  readonly text: string;
  readonly arguments: readonly Expression[];
}

/** Thrown where a print format is not understood; callers then print the fields as they are. */
export class NotUnderstood extends Error {}

/** Longest print format that is followed: those of the events that somebody wants take up to 3 KiB. */
const MAX_LENGTH = 16 * 1024;
const MAX_DEPTH = 100;

const TOKEN =
  /\s*(?:("(?:[^"\\]|\\.)*")|(0[xX][0-9a-fA-F]+|\d+)[uUlL]*|([A-Za-z_]\w*)|(->|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>?:,(){}[\].='])|$)/y;

const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1,
  '&&': 2,
  '|': 3,
  '^': 4,
  '&': 5,
  '==': 6,
  '!=': 6,
  '<': 7,
  '>': 7,
  '<=': 7,
  '>=': 7,
  '<<': 8,
  '>>': 8,
  '+': 9,
  '-': 9,
  '*': 10,
  '/': 10,
  '%': 10,
};

const TYPE_WORDS = new Set(
  'unsigned signed long int short char void const struct enum bool size_t ssize_t u8 u16 u32 u64 s8 s16 s32 s64 __u8 __u16 __u32 __u64 __s8 __s16 __s32 __s64 loff_t pid_t dma_addr_t phys_addr_t gfp_t umode_t'.split(
    ' ',
  ),
);

/** @param source what follows `print fmt: `: `"(%lx) bdf=\"%s\"", REC->__probe_ip, __get_str(bdf)`. @throws NotUnderstood */
export function parsePrintFormat(source: string): PrintFormat {
  return new Parser(source).whole();
}

type Token = { readonly type: 'string' | 'number' | 'name' | 'sign' | 'end'; readonly text: string };

class Parser {
  readonly #source: string;
  #at = 0;
  #depth = 0;
  #token: Token = { type: 'end', text: '' };

  constructor(source: string) {
    if (source.length > MAX_LENGTH) throw new NotUnderstood();
    this.#source = source;
    this.#advance();
  }

  whole(): PrintFormat {
    const text = this.#strings();
    const parsed: Expression[] = [];
    while (this.#skip(',')) parsed.push(this.#expression());
    if (this.#token.type !== 'end') throw new NotUnderstood();
    return { text, arguments: parsed };
  }

  /** Adjacent literals are one. */
  #strings(): string {
    if (this.#token.type !== 'string') throw new NotUnderstood();
    let text = '';
    while (this.#token.type === 'string') {
      text += unescapeLiteral(this.#token.text);
      this.#advance();
    }
    return text;
  }

  #expression(): Expression {
    if (++this.#depth > MAX_DEPTH) throw new NotUnderstood();
    const condition = this.#binary(1);
    let result = condition;
    if (this.#skip('?')) {
      const yes = this.#expression();
      this.#expect(':');
      result = { type: 'choice', if: condition, yes, no: this.#expression() };
    }
    this.#depth--;
    return result;
  }

  #binary(least: number): Expression {
    let left = this.#unary();
    for (;;) {
      const operator = this.#token.type === 'sign' ? this.#token.text : '';
      const precedence = PRECEDENCE[operator] ?? 0;
      if (precedence < least) return left;
      this.#advance();
      left = { type: 'binary', operator, left, right: this.#binary(precedence + 1) };
    }
  }

  #unary(): Expression {
    if (++this.#depth > MAX_DEPTH) throw new NotUnderstood();
    const result = this.#prefixed();
    this.#depth--;
    return result;
  }

  #prefixed(): Expression {
    const { type, text } = this.#token;
    if (type === 'sign' && '-+~!'.includes(text) && text.length === 1) {
      this.#advance();
      return { type: 'unary', operator: text, of: this.#unary() };
    }
    if (type === 'sign' && text === '{') return this.#group();
    if (type === 'sign' && text === '(') {
      this.#advance();
      const cast = this.#castType();
      if (cast !== null) return { type: 'cast', to: cast, of: this.#unary() };
      const inner = this.#expression();
      this.#expect(')');
      return this.#indexed(inner);
    }
    return this.#indexed(this.#primary());
  }

  /** `(unsigned long)`, `(const struct in6_addr *)`: the type, and what closes it is skipped; null where it is none. */
  #castType(): string | null {
    if (this.#token.type !== 'name' || !TYPE_WORDS.has(this.#token.text)) return null;
    const words: string[] = [];
    while (this.#token.type === 'name' || (this.#token.type === 'sign' && this.#token.text === '*')) {
      words.push(this.#token.text);
      this.#advance();
    }
    this.#expect(')');
    return words.join(' ');
  }

  #primary(): Expression {
    const { type, text } = this.#token;
    if (type === 'number') {
      this.#advance();
      return { type: 'number', value: BigInt(/^0\d/.test(text) ? `0o${text.slice(1)}` : text) };
    }
    if (type === 'string') return { type: 'string', value: this.#strings() };
    if (type !== 'name') throw new NotUnderstood();
    this.#advance();
    if (text === 'REC') {
      this.#expect('->');
      const field = this.#token;
      if (field.type !== 'name') throw new NotUnderstood();
      this.#advance();
      return { type: 'field', name: field.text };
    }
    if (text === 'true' || text === 'false') return { type: 'number', value: text === 'true' ? 1n : 0n };
    if (!this.#skip('(')) return { type: 'call', name: text, arguments: [] };
    const parsed: Expression[] = [];
    if (!this.#skip(')')) {
      do parsed.push(this.#expression());
      while (this.#skip(','));
      this.#expect(')');
    }
    return { type: 'call', name: text, arguments: parsed };
  }

  #indexed(of: Expression): Expression {
    let result = of;
    while (this.#skip('[')) {
      result = { type: 'index', of: result, at: this.#expression() };
      this.#expect(']');
    }
    return result;
  }

  #group(): Expression {
    this.#expect('{');
    const items: Expression[] = [];
    while (!this.#skip('}')) {
      items.push(this.#expression());
      if (!this.#skip(',') && this.#token.text !== '}') throw new NotUnderstood();
    }
    return { type: 'group', items };
  }

  #skip(sign: string): boolean {
    if (this.#token.type !== 'sign' || this.#token.text !== sign) return false;
    this.#advance();
    return true;
  }

  #expect(sign: string): void {
    if (!this.#skip(sign)) throw new NotUnderstood();
  }

  #advance(): void {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#source);
    if (match === null) throw new NotUnderstood();
    this.#at = TOKEN.lastIndex;
    const [, text, number, name, sign] = match;
    if (text !== undefined) this.#token = { type: 'string', text };
    else if (number !== undefined) this.#token = { type: 'number', text: number };
    else if (name !== undefined) this.#token = { type: 'name', text: name };
    else if (sign !== undefined) this.#token = { type: 'sign', text: sign };
    else this.#token = { type: 'end', text: '' };
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' };

function unescapeLiteral(literal: string): string {
  return literal.slice(1, -1).replace(/\\(.)/gs, (_, character: string) => ESCAPES[character] ?? character);
}
