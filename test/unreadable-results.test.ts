import { describe, expect, test } from 'vitest';
import { analyzeText, headlines } from './support/analyze.ts';

// A bind that is refused leaves nothing bound: the close below it is legal. One that succeeded would make it a bug. What stands
// in the place of the result decides, not that it cannot be read.
const probes = (ret: string) => `# tracer: nop
#
             drv-300     [000] ...1.    10.001003: conn: (connect_store+0x0/0x100) bdf="0000:02:00.0"
             drv-300     [000] ...1.    10.002006: connret: (dev_attr_store+0x10/0x20 <- connect_store) bdf="0000:02:00.0" ret=5
             drv-300     [000] ...1.    11.005015: bind: (pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" kvm=0x1000 tdi_id=0x200
             drv-300     [000] ...1.    11.006018: bindret: (iommufd_vdevice_tsm_op_ioctl+0x50/0x100 <- pci_tsm_bind) bdf="0000:02:00.0"${ret}
             drv-300     [000] ...1.    11.007021: dis: (vfio_pci_core_disable+0x0/0x400 [vfio_pci_core]) bdf="0000:02:00.0"
             drv-300     [000] ...1.    12.010030: disret: (vfio_pci_core_close_device+0x1/0x10 <- vfio_pci_core_disable) bdf="0000:02:00.0"
`;
const graph = (ret: string) => `# tracer: function_graph
#
 51.000001 |   0)    drv-422     |               |  vfio_pci_core_enable [vfio_pci_core](vdev=0xffff888003bf5800) { /* <-vfio_pci_open_device+0x1a/0x80 */
 51.000005 |   0)    drv-422     | # 1825.852 us |    pci_enable_device(dev=0xffff888003c9b000); /* <-vfio_pci_core_enable+0x59/0x460 ret=0x0 */
 51.000007 |   0)    drv-422     |               |    /* attach_device_to_domain: IOMMU: device=0000:02:00.0 */
 51.000009 |   0)    drv-422     | @ 132426.1 us |  } /* vfio_pci_core_enable [vfio_pci_core] ret=0x0 */
 51.000200 |   0)    drv-422     |               |  pci_tsm_bind(pdev=0xffff888003c9b000, kvm=0xffffc90000a00000) { /* <-iommufd_vdevice_tsm_op_ioctl+0x50/0x100 */
 51.000210 |   0)    drv-422     | + 10.100 us   |    mutex_lock(lock=0xffffffffb0587f80); /* <-pci_tsm_bind+0x20/0x100 */
 51.000220 |   0)    drv-422     | ! 201.349 us  |  } /* pci_tsm_bind${ret} */
 52.000001 |   0)    drv-422     |               |  vfio_pci_core_disable [vfio_pci_core](vdev=0xffff888003bf5800) { /* <-vfio_pci_core_close_device+0x1e/0xe0 */
 52.000011 |   0)    drv-422     |   1.100 us    |    pci_clear_master(dev=0xffff888003c9b000); /* <-vfio_pci_core_disable+0x2e/0x400 ret=0x7 */
 52.000021 |   0)    drv-422     | ! 301.349 us  |  } /* vfio_pci_core_disable [vfio_pci_core] ret=0x0 */
`;

describe.each([
  { form: 'probes', told: probes, line: 6 },
  { form: 'function_graph', told: graph, line: 9 },
])('the result of a bind in $form', ({ told, line }) => {
  const judged = async (ret: string) => {
    const analysis = await analyzeText(told(ret));
    const unread = analysis.health.filter(({ code }) => code === 'result-unreadable');
    return { verdicts: headlines(analysis).map((text) => text.split(' ').slice(0, 2).join(' ')), unread };
  };

  test.each([' ret=-5', ' ret=-EIO', ' ret=\u22125', ' ret=-5\u200b', ' ret=-5\u00a0'])(
    '%j: it failed',
    async (ret) => {
      expect(await judged(ret)).toEqual({ verdicts: [], unread: [] });
    },
  );

  test.each([' ret=0', ' ret=0x0', ''])(
    '%j: it succeeded, or that is assumed where nothing was recorded',
    async (ret) => {
      expect(await judged(ret)).toEqual({ verdicts: ['probable unbind-before-disable'], unread: [] });
    },
  );

  test.each([' ret=', ' ret=...', ' ret=-5,', ' ret=<redacted>', ' ret=3D-5', ' ret=(fault)'])(
    '%j: it may have failed as well, and that is said with the line',
    async (ret) => {
      const { verdicts, unread } = await judged(ret);
      expect(verdicts).toEqual(['possible unbind-before-disable']);
      expect(unread).toHaveLength(1);
      expect(unread[0]).toMatchObject({ line, count: 1, severity: 'warning' });
      expect(unread[0]?.message).toContain(ret.slice(' ret='.length));
    },
  );
});

test('what somebody wrote behind the value is none of it', async () => {
  expect(headlines(await analyzeText(probes(' ret=-5    <---- fails here')))).toEqual([]);
  expect(
    headlines(await analyzeText(graph(' ret=0xfffffffb').replace('ret=0xfffffffb */', '$&   <--- fails here'))),
  ).toEqual([]);
});

test('so many that they are not told one by one leave everything behind them open', async () => {
  const row = (n: number) =>
    `             drv-300     [000] ...1.    12.${String(n).padStart(6, '0')}: r: (a+0x50/0x100 <- pci_tsm_bind) bdf="0000:02:00.0" ret=?\n`;
  const { health } = await analyzeText(
    probes(' ret=0') + Array.from({ length: 1100 }, (_, n) => row(20000 + n)).join(''),
  );
  expect(health.filter(({ code }) => code === 'result-unreadable')).toHaveLength(1000);
  expect(health.filter(({ code }) => code === 'losses-everywhere')).toMatchObject([{ line: 1009 }]);
});
