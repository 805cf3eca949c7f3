import {
  AMD_GUEST,
  DAN_GUEST,
  IN_FIRMWARE,
  judged,
  MATT,
  NO_NUMBER,
  NOT_RECORDED,
  type Order,
  RSI,
  tdx,
  unseen,
  VDEV,
  VFIO,
  YILUN,
  YILUN_30,
} from './order.ts';

/** MMIO, DMA and dma-bufs. */
export const MEMORY: readonly Order[] = [
  judged(
    'On TDX and SEV-TIO the BARs are zapped, and their dma-bufs revoked, after STOP.',
    ['bar-zap-while-bound'],
    YILUN,
  ),
  judged(
    'On TDX private MMIO is unmapped when the TDI is stopped or its stream blocked.',
    ['private-mmio-unmap-before-stop'],
    tdx('tdh_mmio_unmap.c'),
  ),
  judged('On Arm every granule is unmapped before the VDEV is unlocked.', ['unlock-before-private-mmio-unmap'], VDEV),
  judged(
    'On TDX a mapping is blocked and the TLBs are tracked before it is unmapped.',
    ['mmio-unmap-before-block'],
    tdx('tdh_mmio_unmap.c'),
  ),
  judged(
    'On TDX the teardown is STOP, MMIO, DMA, interface, then the memory is shared again.',
    ['private-mmio-unmap-before-stop', 'mmio-unmap-before-block'],
    YILUN_30,
    NO_NUMBER,
  ),
  unseen(
    'Private MMIO is mapped for the VM that owns the interface only, once, over a stream that is not blocked.',
    NO_NUMBER,
    tdx('tdh_mmio_map.c'),
  ),
  judged(
    'On SEV-TIO MMIO is validated, and DMA opened, of a bound TDI only.',
    ['mmio-accept-before-bind', 'dma-enable-before-run'],
    AMD_GUEST,
  ),
  unseen(
    'A range is accepted once, with its own size and address, by the nonces of the current lock.',
    NOT_RECORDED,
    RSI,
  ),
  judged(
    'Trusted DMA is opened in RUN; on TDX in CONFIG_LOCKED, too.',
    ['dma-enable-before-run'],
    RSI,
    'what a guest asks of its firmware is opaque to the host: only a guest tells',
  ),
  unseen(
    'On TDX an entry of the DMA remapping is blocked before it is removed, and accepted in CONFIG_LOCKED or RUN.',
    NO_NUMBER,
    tdx('tdh_dmar_remove.c'),
  ),
  unseen('On Arm the RMM closes DMA before it sends STOP.', IN_FIRMWARE, VDEV),
  unseen(
    'The IOMMU mappings of a bound device are not changed behind its back.',
    'the records of maps and unmaps name an address space of the VMM, and no device',
    'Xu Yilun, what the host may unmap, 2025-06-05, <aEFmPaYorqaYCKBY@yilunxu-OptiPlex-7050>',
  ),
  unseen(
    'Nobody on the host maps the private BARs while the TDI is bound.',
    'no record tells which ranges of a BAR are private',
    VFIO,
  ),
  unseen(
    'Which ranges of the report are private, and where the MSI-X table lies, fits what the VMM maps.',
    NOT_RECORDED,
    DAN_GUEST,
  ),
  unseen(
    'vfio revokes before a reset, and gives back after it where memory is enabled.',
    'vfio does both inside one operation, which is judged as a whole',
    MATT,
  ),
  unseen(
    'A dma-buf is drained once, and only while its file lives.',
    'what breaks it is a bug of the kernel, and shows as the WARN or KASAN report that the history has',
    MATT,
  ),
];
