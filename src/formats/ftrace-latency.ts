import type { Format } from './format.ts';
import { detectFamily, WrappedTrace } from './ftrace-wrap.ts';

export const ftraceLatency: Format = {
  id: 'ftrace-latency',
  title: 'ftrace text with option latency-format, plain or verbose, and of the latency tracers',
  example: '     drv-210       0..... 53645us@: pcie_flr <-__pci_reset_function_locked',
  detect: (lines) => detectFamily(lines, 'ftrace-latency'),
  parser: (context) => new WrappedTrace(context),
};
