import type { KernelEvent } from '../events/event.ts';
import type { OpenCall } from '../identity/calls.ts';

/** What these do to functions they do to the VFs of the PF that they are called for (drivers/pci/iov.c). */
const PF_CALLS: ReadonlySet<string> = new Set([
  'pci_enable_sriov',
  'pci_iov_add_virtfn',
  'pci_disable_sriov',
  'pci_iov_remove_virtfn',
]);

// TotalVFs is a 16-bit register.
const VIRTUAL_MAX = 65_536;

/** A function comes or goes inside a call on its PF: it is a VF of that one. */
export function noteVirtual(event: KernelEvent, parent: OpenCall | null, entityId: number): void {
  if ((event.kind !== 'pci.add' && event.kind !== 'pci.remove') || event.phase === 'exit') return;
  for (let call = parent; call; call = call.parent) {
    if (call.symbol !== null && PF_CALLS.has(call.symbol) && (call.virtual?.length ?? 0) < VIRTUAL_MAX) {
      call.virtual ??= [];
      call.virtual.push(entityId);
      return;
    }
  }
}
