import type { TraceEventRow } from './catalogue.ts';

const HEADER = { versions: '7.0-', source: 'include/trace/events/dma_buf.h (7.1)' };
const BUFFER = 'exp_name=(?<exporter>vfio\\w{0,60}) size=(?<size>\\d{1,20}) ino=(?<ino>\\d{1,20})';

/** Life of the dma-bufs that vfio exports: they are BARs. The trace names the importer, never the exporting device. */
export const DMABUF_EVENTS: readonly TraceEventRow[] = [
  {
    name: 'dma_buf_export',
    kind: 'dmabuf.export',
    pattern: new RegExp(`^${BUFFER}$`),
    example: 'dma_buf_export: exp_name=vfio_pci_core size=131072 ino=42',
    ...HEADER,
  },
  {
    name: 'dma_buf_dynamic_attach',
    kind: 'dmabuf.attach',
    pattern: new RegExp(`^${BUFFER} attachment:\\S{1,32} is_dynamic=(?<dynamic>\\d) dev_name=(?<importer>.{1,128})$`),
    example:
      'dma_buf_dynamic_attach: exp_name=vfio_pci_core size=131072 ino=42 attachment:00000000a1b2c3d4 is_dynamic=1 dev_name=0000:03:00.0',
    ...HEADER,
  },
  {
    name: 'dma_buf_detach',
    kind: 'dmabuf.detach',
    pattern: new RegExp(`^${BUFFER} attachment:\\S{1,32} is_dynamic=(?<dynamic>\\d) dev_name=(?<importer>.{1,128})$`),
    example:
      'dma_buf_detach: exp_name=vfio_pci_core size=131072 ino=42 attachment:00000000a1b2c3d4 is_dynamic=1 dev_name=0000:03:00.0',
    ...HEADER,
  },
  {
    name: 'dma_buf_put',
    kind: 'dmabuf.put',
    pattern: new RegExp(`^${BUFFER}$`),
    example: 'dma_buf_put: exp_name=vfio_pci_core size=131072 ino=42',
    ...HEADER,
  },
];
