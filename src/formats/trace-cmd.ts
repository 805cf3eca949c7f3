import type { Format } from './format.ts';
import { detectFamily, WrappedTrace } from './ftrace-wrap.ts';

export const traceCmd: Format = {
  id: 'trace-cmd',
  title: 'trace-cmd report, also with -t, -l, -R, --ts-diff or --cpu',
  example:
    '             drv-512   [001] ...1.   312.913278: function:             pcie_flr <-- __pci_reset_function_locked',
  detect: (lines) => detectFamily(lines, 'trace-cmd'),
  parser: (context) => new WrappedTrace(context),
};
