import { describe, expect, test } from 'vitest';
import { normalise } from '../../src/events/normalise.ts';
import { traceEvent } from './records.ts';

const meaning = (name: string, body: string) => normalise(traceEvent(name, body));

describe("QEMU's events", () => {
  test("a write of COMMAND is the guest's wish, with its value", () => {
    expect(meaning('vfio_pci_write_config', '(0000:81:00.1, @0x4, 0x140, len=0x2)')).toMatchObject({
      event: {
        kind: 'vfio.config_write',
        args: { region: 'basic', requested: '1', position: '0x4', value: '0x140', count: '0x2' },
        clues: [{ type: 'bdf', bdf: '0000:81:00.1' }],
      },
    });
  });

  test('a reset that failed is none', () => {
    expect(meaning('vfio_pci_hot_reset_result', '0000:81:00.1 hot reset: Success')).toMatchObject({
      event: { kind: 'pci.bus_reset' },
    });
    expect(meaning('vfio_pci_hot_reset_result', '0000:81:00.1 hot reset: Device or resource busy')).toBe(null);
  });

  test('what QEMU 8 and 10 say of iommufd', () => {
    const attached = '[iommufd=9] Successfully attached device 0000:02:00.0 (41) to';
    for (const tail of ['id=2', 'hwpt_id=2', 'ioas_id=2']) {
      expect(meaning('iommufd_cdev_attach_ioas_hwpt', `${attached} ${tail}`)).toMatchObject({
        event: { kind: 'iommu.attach_call', args: { pt_id: '2' } },
      });
    }
    for (const tail of ['', ' from ioas_id=2']) {
      expect(
        meaning('iommufd_cdev_detach_ioas_hwpt', `[iommufd=9] Successfully detached 0000:02:00.0${tail}`),
      ).toMatchObject({ event: { kind: 'iommu.detach_call' } });
    }
  });

  test.each([
    ['vfio_pci_write_config', '(VFIO user </var/run/vm/8/cntrl>, @0x4, 0x140, len=0x2)'],
    ['vfio_pci_write_config', '(0000:81:00.1, @0x4, 0x140, len=0x2) and more'],
    ['vfio_pci_reset_flr', '0000:81:00.1 FLR'],
    ['vfio_pci_reset', '(0000:81:00.1)'],
  ])('%s %s means nothing', (name, body) => {
    expect(meaning(name, body)).toBe(null);
  });
});
