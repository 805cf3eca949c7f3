// rsyslog writes control characters as `#012` (EscapeControlCharactersOnReceive), and with imkmsg a message together with
// its dictionary: `enabling device (0000 -> 0002)#012 SUBSYSTEM=pci#012 DEVICE=+pci:0000:00:15.0`.
const CONTROL = /#(0[0-3][0-7])/g;
const DICTIONARY = /^ ?([A-Z]{4,16})=(.*)$/;
/** The two entries that dev_printk() gives a message, as `log -d` of crash prints them below it. */
const BELOW = /^(?:SUBSYSTEM|DEVICE)=\S{1,128}$/;

/** Whether a line is an entry of the dictionary of the message above it. */
export function isBelow(line: string): boolean {
  return (line.startsWith('SUBSYSTEM=') || line.startsWith('DEVICE=')) && BELOW.test(line);
}

/** The message without the escapes and the dictionary, and the device label of the latter. */
export function decodeOctal(text: string): { readonly message: string; readonly device: string | null } {
  if (!text.includes('#0')) return withoutBelow(text);
  const lines = text.replace(CONTROL, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))).split('\n');
  let device: string | null = null;
  const message = lines.filter((line, index) => {
    const entry = index === 0 ? null : DICTIONARY.exec(line);
    if (entry?.[1] === 'DEVICE') device = entry[2] ?? null;
    return entry === null;
  });
  return { message: message.join('\n'), device };
}

function withoutBelow(text: string): { readonly message: string; readonly device: string | null } {
  if (!text.includes('\nDEVICE=') && !text.includes('\nSUBSYSTEM=')) return { message: text, device: null };
  const lines = text.split('\n');
  const device = lines.find((line, index) => index > 0 && line.startsWith('DEVICE=') && isBelow(line));
  return {
    message: lines.filter((line, index) => index === 0 || !isBelow(line)).join('\n'),
    device: device === undefined ? null : device.slice('DEVICE='.length),
  };
}
