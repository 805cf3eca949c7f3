// ffffffff81000000 T _stext
// ffffffffc0400e90 t vfio_pci_core_disable	[vfio_pci_core]    (s_show, kernel/kallsyms.c; 2.6 to 7.1)
const ROW = /^[0-9a-f]{16} [A-Za-z?] [\w.$]{1,512}(?:\t\[[\w-]{1,64}\])?$/;
const NEWLINE = 10;
const ZERO = 48;

/** Whether a text begins as /proc/kallsyms does. */
export function isKallsyms(head: string): boolean {
  return head
    .split('\n', 3)
    .slice(0, 2)
    .every((row) => ROW.test(row));
}

/**
 * Whether it has addresses at all: without privileges all of them read as zeros, and what `%p` prints instead of an address is
 * another number (kptr_restrict, Documentation/admin-guide/sysctl/kernel.rst).
 */
export function hasAddresses(kallsyms: Buffer): boolean {
  for (let start = 0; start < kallsyms.length; ) {
    // Offsets in the per-CPU area are small numbers, and come first: an address has its upper half set.
    if (kallsyms[start] !== ZERO) return true;
    const end = kallsyms.indexOf(NEWLINE, start);
    if (end < 0) return false;
    start = end + 1;
  }
  return false;
}
