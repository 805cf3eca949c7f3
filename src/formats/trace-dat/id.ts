/** As in `--input-format`, the JSON output and `tdi-trace formats`. Not a form of text: it is told by its first bytes. */
export const traceDat = {
  id: 'trace-dat',
  title: 'trace.dat of trace-cmd record or extract, versions 6 and 7, as it is: no report is needed',
  example: 'trace.dat (binary; begins with the bytes 17 08 44 and the word tracing)',
} as const;
