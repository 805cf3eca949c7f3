import type { HealthItem } from '../base/health.ts';

// `vfio_pci_mmap_huge_fault: 12 callbacks suppressed`: ___ratelimit() in lib/ratelimit.c; the name is the function that the limit
// stands in (__ratelimit() in include/linux/ratelimit_types.h hands over __func__).
const SUPPRESSED = /(?:^| )(?:(\w{1,64}): )?(\d{1,10}) callbacks suppressed$/;

/**
 * Functions whose limited messages tell of no step: faults that the IOMMU reports (drivers/iommu/intel/dmar.c,
 * drivers/iommu/amd/iommu.c, drivers/iommu/arm/arm-smmu/arm-smmu.c), debugging of page faults
 * (drivers/vfio/pci/vfio_pci_core.c), audit records on the console (kernel/audit.c), the network (net/core/utils.c), crashes of
 * programs (arch/x86/mm/fault.c). Any other function may guard what is printed further down, so its name proves nothing.
 */
const BYSTANDERS: ReadonlySet<string> = new Set([
  'dmar_fault',
  'amd_iommu_report_page_fault',
  'amd_iommu_report_rmp_fault',
  'amd_iommu_report_rmp_hw_error',
  'arm_smmu_context_fault',
  'arm_smmu_global_fault',
  'vfio_pci_mmap_huge_fault',
  'vfio_pci_mmap_page_fault',
  'kauditd_printk_skb',
  'audit_printk_skb',
  'net_ratelimit',
  'show_signal_msg',
]);

const OF = ' messages of ';

/** What a message says of a rate limit that held others back; null where it says nothing. `message`: latin1. */
export function suppressedHere(message: string, line: number): HealthItem | null {
  const match = SUPPRESSED.exec(message);
  if (match === null) return null;
  const [, name, count] = match;
  const text = `a rate limit suppressed ${count}${name === undefined ? ' messages' : `${OF}${name}`}`;
  return { code: 'messages-suppressed', line, message: text, count: Number(count) };
}

/** Whether what the row of a rate limit tells of can be no step of a device, since one function alone was held back. */
export function isBystander({ code, message }: Pick<HealthItem, 'code' | 'message'>): boolean {
  const at = message.lastIndexOf(OF);
  return code === 'messages-suppressed' && at >= 0 && BYSTANDERS.has(message.slice(at + OF.length));
}
