import { describe, expect, test } from 'vitest';
import { analyzeText, headlines } from '../support/analyze.ts';

// A bind that is refused (-22, -5) leaves nothing bound, so the close below it is legal: whoever loses the result accuses the driver.
const PROBES = `# tracer: nop
#
             drv-300     [000] ...1.    10.001003: conn: (connect_store+0x0/0x100) bdf="0000:02:00.0"
             drv-300     [000] ...1.    10.002006: conn_ret: (dev_attr_store+0x10/0x20 <- connect_store) bdf="0000:02:00.0" ret=5
             drv-300     [000] ...1.    10.003009: vfio_enable: (vfio_pci_core_enable+0x0/0x100) bdf="0000:02:00.0"
             drv-300     [000] ...1.    10.004012: vfio_enable_ret: (vfio_pci_open_device+0x1/0x10 <- vfio_pci_core_enable) bdf="0000:02:00.0" ret=0
             drv-300     [000] ...1.    11.005015: tsm_bind: (pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" kvm=0x1000 tdi_id=0x200
             drv-300     [000] ...1.    11.006018: tsm_bind_ret: (iommufd_vdevice_tsm_op_ioctl+0x50/0x100 <- pci_tsm_bind) bdf="0000:02:00.0" ret=-5
             drv-300     [000] ...1.    11.007021: vfio_disable: (vfio_pci_core_disable+0x0/0x400 [vfio_pci_core]) bdf="0000:02:00.0"
             drv-300     [000] ...1.    12.010030: vfio_disable_ret: (vfio_pci_core_close_device+0x1/0x10 <- vfio_pci_core_disable) bdf="0000:02:00.0"
`;
const GRAPH = `# tracer: function_graph
#
  51.000001 |   0)    drv-422     |               |  vfio_pci_core_enable [vfio_pci_core](vdev=0xffff888003bf5800) { /* <-vfio_pci_open_device+0x1a/0x80 [vfio_pci] */
  51.000005 |   0)    drv-422     | # 1825.852 us |    pci_enable_device(dev=0xffff888003c9b000); /* <-vfio_pci_core_enable+0x59/0x460 [vfio_pci_core] ret=0x0 */
  51.000007 |   0)    drv-422     |               |    /* attach_device_to_domain: IOMMU: device=0000:02:00.0 */
  51.000009 |   0)    drv-422     | @ 132426.1 us |  } /* vfio_pci_core_enable [vfio_pci_core] ret=0x0 */
  51.000200 |   0)    drv-422     |               |  pci_tsm_bind(pdev=0xffff888003c9b000, kvm=0xffffc90000a00000) { /* <-iommufd_vdevice_tsm_op_ioctl+0x50/0x100 */
  51.000210 |   0)    drv-422     | + 10.100 us   |    mutex_lock(lock=0xffffffffb0587f80); /* <-pci_tsm_bind+0x20/0x100 */
  51.000220 |   0)    drv-422     | ! 201.349 us  |  } /* pci_tsm_bind ret=0xfffffffb */
  52.000001 |   0)    drv-422     |               |  vfio_pci_core_disable [vfio_pci_core](vdev=0xffff888003bf5800) { /* <-vfio_pci_core_close_device+0x1e/0xe0 */
  52.000011 |   0)    drv-422     |   1.100 us    |    pci_clear_master(dev=0xffff888003c9b000); /* <-vfio_pci_core_disable+0x2e/0x400 ret=0x7 */
  52.000021 |   0)    drv-422     | ! 301.349 us  |  } /* vfio_pci_core_disable [vfio_pci_core] ret=0x0 */
`;

/** As `fold -w WIDTH` and a terminal do. */
const hard = (text: string, width: number) => text.replace(new RegExp(`^.{${width}}(?=.)`, 'gm'), '$&\n');
/** As a mail program does: at the last blank that fits, which goes. */
const soft = (text: string, width: number) =>
  text.replace(new RegExp(`^(?=.{${width + 1}})(.{0,${width}})(?<=\\S) (?=\\S)`, 'gm'), '$1\n');

describe('a terminal that breaks rows after any column', () => {
  const widths = Array.from({ length: 24 }, (_, index) => 79 + index);
  test.each(widths)('%d', async (width) => {
    expect(headlines(await analyzeText(hard(GRAPH, width)))).toEqual([]);
  });
});

describe('a mail program that breaks rows at a blank', () => {
  const widths = Array.from({ length: 26 }, (_, index) => 120 + index);
  test.each(widths)('%d', async (width) => {
    const { findings, health } = await analyzeText(soft(PROBES, width));
    const accusing = findings.filter(({ verdict }) => verdict === 'probable' || verdict === 'definite');
    expect({ accusing, health }).toMatchObject({ accusing: [] });
  });
});

test('one row alone does not show that rows were broken: what it says is open', async () => {
  const { findings, health } = await analyzeText(PROBES.replace(' ret=-5', '\nret=-5'));
  expect(findings.filter(({ headline }) => headline)).toMatchObject([
    { rule: 'unbind-before-disable', verdict: 'possible' },
  ]);
  expect(health.filter(({ code }) => code === 'rest-doubtful')).toMatchObject([{ line: 9 }]);
});

test('a comment that the line does not end tells no result', async () => {
  const { findings, health } = await analyzeText(GRAPH.replace('ret=0xfffffffb */', 'ret=0xff'));
  expect(findings.filter(({ headline }) => headline)).toMatchObject([
    { rule: 'unbind-before-disable', verdict: 'possible' },
  ]);
  expect(health.filter(({ code }) => code === 'result-unreadable')).toMatchObject([{ line: 9 }]);
});
