import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'mmio-unmap-before-block',
  title: 'Private MMIO unmapped before it was blocked',
  order: 'On TDX a private mapping of MMIO is blocked, and the TLBs and IOTLBs are tracked, before it is unmapped.',
  why: 'A mapping that is taken away while a processor or the IOMMU may still hold it in a TLB could be used after it. The TDX module therefore wants the range blocked first, and then every TLB that may know it to be flushed, before TDH.MMIO.UNMAP. It checks both, and names the one that is missing.',
  consequence: 'The module refuses the unmap, and KVM gives up a VM whose private mapping cannot be removed.',
  remedy: 'Block the range, track the TLBs and the IOTLB, then unmap.',
  evidence: [
    'tdh_mmio_unmap whose answer is TDX_GPA_RANGE_NOT_BLOCKED or TDX_TLB_TRACKING_NOT_DONE: definite without any other record.',
    'tdh_mmio_unmap that succeeds: the order was right.',
  ],
  disprove: [
    'The number is of another version of the module.',
    'The unmap was repeated in the right order and succeeded: the first one came too early, and did no harm.',
  ],
  platforms: ['tdx'],
  needs: { trigger: ['mmio'], state: ['firmware'] },
  sources: ['tdh_mmio_unmap(), intel/tdx-module src/vmm_dispatcher/api_calls/tdxio/tdh_mmio_unmap.c@1666adc494db'],
};
