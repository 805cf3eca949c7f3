import type { Format } from './format.ts';
import { detectFamily, WrappedTrace } from './ftrace-wrap.ts';

export const ftrace: Format = {
  id: 'ftrace',
  title: 'ftrace text: /sys/kernel/tracing/trace and trace_pipe of the function, function_graph and nop tracers',
  example: '             drv-278     [001] ...2.    85.767238: pcie_flr: (pcie_flr+0x0/0x160) bdf="0000:02:00.0"',
  detect: (lines) => detectFamily(lines, 'ftrace'),
  parser: (context) => new WrappedTrace(context),
};
