import { BDF_SOURCE } from '../base/bdf.ts';
import { type MessageRow, messageRow as message, type TraceEventRow } from './catalogue.ts';

/** Errors of a link and what the kernel does about them: AER, DPC, hot plug. */
export const AER_EVENTS: readonly TraceEventRow[] = [
  {
    name: 'aer_event',
    kind: 'aer.error',
    pattern: new RegExp(`^(?<bdf>${BDF_SOURCE}) (?:PCIe|CXL) Bus Error: severity=(?<severity>[A-Za-z, -]{1,32}), `),
    example: 'aer_event: 0000:02:00.0 PCIe Bus Error: severity=Fatal, Malformed TLP, TLP Header=Not available',
    source: 'include/ras/ras_event.h (6.12, 7.1)',
  },
];

export const AER_MESSAGES: readonly MessageRow[] = [
  message(
    'pci.bus_reset',
    'Port link has been reset',
    /^AER: (?:Root|Downstream) Port link has been reset \(0\)$/,
    'pcieport 0000:00:05.0: AER: Root Port link has been reset (0)',
    'aer_root_reset, drivers/pci/pcie/aer.c (7.1)',
    { fixed: { below: '1' } },
  ),
  message(
    'aer.source',
    'AER: ',
    // "Error" since 7.3; " (no details found" without a closing bracket since 6.16; "error received: " until 6.8.
    new RegExp(
      `^AER: (?:Multiple )?(?:Corrected|Correctable|Uncorrected|Uncorrectable)(?: \\((?:Non-Fatal|Fatal)\\))? [Ee]rror (?:message received from|received:) (?<source>${BDF_SOURCE})(?: \\(no details found\\)?)?$`,
    ),
    'pcieport 0000:00:05.0: AER: Uncorrectable (Fatal) Error message received from 0000:02:00.0',
    'aer_print_source, drivers/pci/pcie/aer.c (6.12, 7.1, 7.3)',
  ),
  message(
    'aer.error',
    ' Bus Error: severity=',
    /^(?:AER: )?(?:PCIe|CXL) Bus Error: severity=(?<severity>[A-Za-z]+(?: \([A-Za-z-]+\))?)/,
    'vfio-pci 0000:02:00.0: AER: PCIe Bus Error: severity=Uncorrectable (Fatal) (Inaccessible)',
    'aer_print_error, drivers/pci/pcie/aer.c (6.12, 7.1)',
  ),
  message(
    'pci.link_down',
    'Slot(',
    /^(?:pciehp: )?Slot\([^)]{1,32}\): (?:Link Down|Card not present)$/,
    'pcieport 0000:00:06.0: pciehp: Slot(3): Card not present',
    'pciehp_handle_presence_or_link_change, drivers/pci/hotplug/pciehp_ctrl.c (6.12, 7.1)',
  ),
  message(
    'pci.bus_reset',
    'containment event',
    /^DPC: containment event, status:/,
    'pcieport 0000:00:05.0: DPC: containment event, status:0x1f01 source:0x0200',
    'dpc_process_error, drivers/pci/pcie/dpc.c (6.12, 7.1)',
    { fixed: { below: '1' } },
  ),
  message(
    null,
    'error status/mask=',
    /^(?:AER: )? {0,4}device \[[0-9a-f]{4}:[0-9a-f]{4}\] error status\/mask=[0-9a-f]{8}\/[0-9a-f]{8}$/,
    'vfio-pci 0000:02:00.0:   device [8086:10c9] error status/mask=00004000/02400000',
    'aer_print_error, drivers/pci/pcie/aer.c (6.12, 7.1)',
  ),
  message(
    null,
    '[',
    /^(?:AER: )? {1,4}\[ ?\d{1,2}\] \w[\w/]{0,31} {0,32}(?:\(First\))? {0,8}$/,
    'vfio-pci 0000:02:00.0:    [14] CmpltTO                (First)',
    '__aer_print_error, drivers/pci/pcie/aer.c (6.12, 7.1)',
  ),
  message(
    null,
    'TLP Header',
    /^(?:AER: )? {0,4}TLP Header: [0-9a-f]{8}(?: [0-9a-f]{8}){0,15}/,
    'vfio-pci 0000:03:00.0: AER:   TLP Header: 60001004 000000ff 00000009 fe7eb000',
    'pcie_print_tlp_log, drivers/pci/pcie/aer.c (6.12, 7.1)',
  ),
  message(
    null,
    'reported first',
    /^(?:AER: )? {0,4}Error of this Agent is reported first$/,
    'vfio-pci 0000:03:00.1: AER:   Error of this Agent is reported first',
    'aer_print_error, drivers/pci/pcie/aer.c (6.12, 7.1)',
  ),
  message(
    null,
    "can't recover",
    /^(?:AER: )?can't recover \(no error_detected callback\)$/,
    "vfio-pci 0000:03:00.1: AER: can't recover (no error_detected callback)",
    'report_error_detected, drivers/pci/pcie/err.c (6.12, 7.1)',
  ),
];
