/** What the kernel of a vendor puts between the stamp and the message. `end` is the index behind it. */
export interface VendorHead {
  readonly cpu: number | null;
  readonly pid: number | null;
  readonly end: number;
}

// MediaTek:            |[ 4108.364175]  (1)[278:drv]vfio-pci 0000:02:00.0: ..|, |.(0)[278:drv][name:vfio&]..|
const MEDIATEK = / {0,2}[.-]?\((\d{1,2})\)\[(\d{1,7}):[^\]]{1,16}\](?:\[name:[\w-]{1,32}&\])?/y;
// Samsung:             |[ 4110.364175]  [0:      swapper/0:    1] vfio-pci 0000:02:00.0: ..|, |I[0: ..]|
const SAMSUNG = / {0,2}[A-Z]?\[(\d{1,2}): {0,16}[^\]]{1,16}: {0,7}(\d{1,7})\] ?/y;
// Others:              |[  667.257356] { 8903} vfio_bar_restore: ..|: what the number is was not told.
const BRACE = /\{ *\d{1,10}\} /y;
// Of MediaTek behind a caller of the usual form: |[ 4106.364175][T609387] binder:534_2: [name:spm&][SPM] PM: ..|
const NAMED = /(?:[\w./:-]{1,20}: )?\[name:[\w-]{1,32}&\]/y;

/** What stands at `at`, the start of the message; null where that is the message. */
export function vendorHead(line: string, at: number): VendorHead | null {
  for (const pattern of [MEDIATEK, SAMSUNG]) {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match !== null) return { cpu: Number(match[1]), pid: Number(match[2]), end: at + match[0].length };
  }
  for (const pattern of [BRACE, NAMED]) {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match !== null) return { cpu: null, pid: null, end: at + match[0].length };
  }
  return null;
}

/** Characters that such a thing can begin with, or hold soon; most messages are none at their first look. */
export function mayBeVendor(line: string, at: number): boolean {
  const code = line.charCodeAt(at);
  // ` `, `(`, `-`, `.`, `[`, `{`, a capital letter before `[`.
  if (code === 32 || code === 40 || code === 45 || code === 46 || code === 91 || code === 123) return true;
  if (code >= 65 && code <= 90 && line.charCodeAt(at + 1) === 91) return true;
  const name = line.indexOf('[name:', at);
  return name >= 0 && name - at <= 24;
}
