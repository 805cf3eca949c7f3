import fc from 'fast-check';
import { GUEST_ORDER } from '../../../src/model/link.ts';
import type { Platform } from '../../../src/model/states.ts';
import { type Act, call, type Entry, entriesOf, said } from './acts.ts';
import { shown } from './walk.ts';

/** Where the guest sees the device: an address of its own. */
export const GUEST_BDF = '0000:00:04.0';

type GuestStep = (typeof GUEST_ORDER)[number];

const core = (symbol: string, inner: readonly Act[], ret: number | null = 0) => call(symbol, GUEST_BDF, { ret }, inner);

/** What the core of the guest calls, by the model's names for the steps; the driver of the platform inside it. */
const CORE: Readonly<Record<GuestStep, (inner: readonly Act[]) => Act[]>> = {
  lock: (inner) => [core('pci_tsm_lock', inner)],
  report: (inner) => [...inner],
  accept: (inner) => [core('pci_tsm_accept', inner)],
  'dma-enable': (inner) => [core('pci_tsm_enable_dma', inner)],
  'driver-probe': () => [core('pci_device_probe', [core('pci_enable_device', []), core('pci_set_master', [], null)])],
  'driver-unbind': () => [
    core('pci_device_remove', [core('pci_clear_master', [], null), core('pci_disable_device', [], null)], null),
  ],
  unlock: (inner) => [core('pci_tsm_unlock', inner, null)],
};

const RANGE = 'c0000000..c001ffff';
const dev = (text: string) => said(`pci ${GUEST_BDF}: ${text}`);

/** Series of the guest: devsec, AMDESE/linux-kvm 16f379f5, Arm CCA v2, intel-staging/tdx 8a7ec7ee. */
const DRIVER: Readonly<Record<Platform, Partial<Record<GuestStep, () => Act[]>>>> = {
  generic: {},
  'sev-tio': {
    lock: () => [call('sev_guest_lock', GUEST_BDF, { ret: '0xffff888004002000' })],
    accept: () => [core('sev_guest_accept', [dev(`MMIO #0 ${RANGE} validated`)])],
    'dma-enable': () => [core('sev_guest_enable_dma', [dev('SDTE write vTOM=0')])],
    unlock: () => [call('sev_guest_unlock', null, {}, [dev(`MMIO #0 ${RANGE} invalidated`)])],
  },
  tdx: {
    lock: () => [call('tdx_devsec_lock', GUEST_BDF, { ret: '0xffff888004002000' })],
    accept: () => [dev('accept MMIO entry 0 [mem 0xc0000000-0xc001ffff] gpa=0xc0000000')],
  },
  cca: {
    lock: () => [
      core('cca_device_lock', [call('rhi_vdev_set_tdi_state', GUEST_BDF, { ret: 0, args: { target_state: '1' } })]),
    ],
    accept: () => [call('rhi_vdev_set_tdi_state', GUEST_BDF, { ret: 0, args: { target_state: '2' } })],
    unlock: () => [
      core('cca_device_unlock', [call('rhi_vdev_set_tdi_state', GUEST_BDF, { ret: 0, args: { target_state: '0' } })]),
    ],
  },
};

/** A guest that does all in the order of the model, as often as it likes, and ends anywhere. */
export const guestOn = (platform: Platform): fc.Arbitrary<Entry[]> =>
  fc
    .tuple(fc.boolean(), fc.integer({ min: 1, max: 24 }))
    .map(([deep, length]) =>
      shown(
        Array.from({ length }, (_, at) => GUEST_ORDER[at % GUEST_ORDER.length] ?? 'lock').flatMap((step, at) =>
          entriesOf(CORE[step](deep ? (DRIVER[platform][step]?.() ?? []) : []), 400, `${step}#${at}`),
        ),
      ),
    );
