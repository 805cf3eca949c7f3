import type { HandleRow, SymbolRow, TraceEventRow } from './catalogue.ts';

const VM: readonly HandleRow[] = [{ type: 'vm', arguments: ['kvm'] }];
const HEADER = 'include/trace/events/kvm.h, arch/x86/kvm/trace.h';

/**
 * KVM names no device: guest frames, addresses of the VMM, or the VM. What they are to a TDI shows where its BARs are known.
 * The two of every fault and unmap fire all the time.
 */
export const KVM_SYMBOLS: readonly SymbolRow[] = [
  {
    symbol: 'kvm_unmap_gfn_range',
    kind: 'vm.unmap',
    handles: VM,
    anywhere: true,
    versions: '5.13-',
    source: 'arch/x86/kvm/mmu/mmu.c (6.12, 7.1)',
  },
  {
    symbol: 'kvm_gmem_release',
    kind: 'vm.destroy',
    void: true,
    fixed: { what: 'guest memory file' },
    anywhere: true,
    versions: '6.8-',
    source: 'virt/kvm/guest_memfd.c (6.12, 7.1)',
  },
  {
    symbol: 'kvm_vm_release',
    kind: 'vm.destroy',
    void: true,
    fixed: { what: 'VM file' },
    anywhere: true,
    versions: '2.6.22-',
    source: 'virt/kvm/kvm_main.c (6.12, 7.1); the VM lives on while others hold it, as a bound TDI does',
  },
  {
    symbol: 'kvm_destroy_vm',
    kind: 'vm.destroy',
    handles: VM,
    void: true,
    fixed: { what: 'VM' },
    anywhere: true,
    versions: '2.6.22-',
    source: 'virt/kvm/kvm_main.c (6.12, 7.1); static',
  },
];

export const KVM_EVENTS: readonly TraceEventRow[] = [
  {
    name: 'kvm_unmap_hva_range',
    kind: 'vm.unmap',
    pattern: /^mmu notifier unmap range: (?<start>0x[0-9a-f]{1,16}) -- (?<end>0x[0-9a-f]{1,16})$/,
    fixed: { space: 'hva' },
    example: 'kvm_unmap_hva_range: mmu notifier unmap range: 0x007f2c40000000 -- 0x007f2c40020000',
    versions: '4.20-',
    source: `${HEADER} (6.12, 7.1)`,
  },
  {
    name: 'kvm_vm_set_mem_attributes',
    kind: 'vm.attributes',
    pattern: /^(?<start>0x[0-9a-f]{1,16}) -- (?<end>0x[0-9a-f]{1,16}) \[(?<attributes>0x[0-9a-f]{1,16})\]$/,
    fixed: { space: 'gfn' },
    example: 'kvm_vm_set_mem_attributes: 0x000000000fd800 -- 0x000000000fd820 [0x8]',
    versions: '7.0-',
    source: `${HEADER} (7.1; not in 6.12)`,
  },
  {
    name: 'kvm_rmp_fault',
    kind: 'vm.fault',
    pattern:
      /^vcpu \d{1,10} gpa (?<gpa>[0-9a-f]{1,16}) pfn (?<pfn>0x[0-9a-f]{1,16}) error_code (?<error_code>0x[0-9a-f]{1,16}) rmp_level -?\d{1,10} psmash_ret -?\d{1,10}$/,
    example: 'kvm_rmp_fault: vcpu 0 gpa 00000000fd800000 pfn 0xfd800 error_code 0x80000007 rmp_level 1 psmash_ret 0',
    versions: '6.11-',
    source: `${HEADER} (6.12, 7.1)`,
  },
  {
    name: 'kvm_userspace_exit',
    kind: 'vm.exit',
    // Exits of every other reason say nothing of a TDI, and come by the million. 39 is MEMORY_FAULT, 40 TDX.
    pattern:
      /^reason (?<reason>KVM_EXIT_MEMORY_FAULT|KVM_EXIT_TDX|KVM_EXIT_ARM64_TIO|KVM_EXIT_SNP_REQ_CERTS) \((?<number>-?\d{1,3})\)$/,
    example: 'kvm_userspace_exit: reason KVM_EXIT_MEMORY_FAULT (39)',
    versions: '6.8-',
    source: `${HEADER} (6.12, 7.1); KVM_EXIT_ARM64_TIO in the series of Arm CCA`,
  },
  {
    name: 'kvm_vmgexit_enter',
    kind: 'vm.exit',
    // SEV_TIO_GUEST_REQUEST and SEV_TIO_OP of the AMD trees; other VMGEXITs are of no TDI.
    pattern:
      /^vcpu \d{1,10}, exit_reason (?<reason>80000020|80000021), exit_info1 (?<info1>[0-9a-f]{1,16}), exit_info2 (?<info2>[0-9a-f]{1,16})$/,
    example: 'kvm_vmgexit_enter: vcpu 0, exit_reason 80000021, exit_info1 200, exit_info2 2',
    versions: '5.11-',
    source: `${HEADER} (6.12, 7.1); the reasons: AMDESE/linux-kvm 16f379f5`,
  },
];
