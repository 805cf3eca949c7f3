import { BDF_SOURCE } from '../base/bdf.ts';
import { by, knownRow as known, type MessageRow, messageRow as message, type TraceEventRow } from './catalogue.ts';

const HOTPLUG = { versions: '7.0-', source: 'include/trace/events/pci.h (7.1; series of 2025-12-11)' };

/** Errors of a link and what the kernel does about them: AER, DPC, hot plug. */
export const AER_EVENTS: readonly TraceEventRow[] = [
  {
    name: 'pci_hp_event',
    kind: 'pci.link_down',
    pattern: new RegExp(`^(?<bdf>${BDF_SOURCE}) slot:(?<slot>[^,]{1,32}), event:(?<event>LINK_DOWN|CARD_NOT_PRESENT)$`),
    example: 'pci_hp_event: 0000:00:06.0 slot:3, event:LINK_DOWN',
    ...HOTPLUG,
  },
  {
    name: 'pci_hp_event',
    kind: 'pci.link_up',
    pattern: new RegExp(`^(?<bdf>${BDF_SOURCE}) slot:(?<slot>[^,]{1,32}), event:(?<event>LINK_UP|CARD_PRESENT)$`),
    fixed: { below: '1' },
    example: 'pci_hp_event: 0000:00:06.0 slot:3, event:LINK_UP',
    ...HOTPLUG,
  },
  {
    name: 'aer_event',
    kind: 'aer.error',
    pattern: new RegExp(`^(?<bdf>${BDF_SOURCE}) (?:PCIe|CXL) Bus Error: severity=(?<severity>[A-Za-z, -]{1,32}), `),
    example: 'aer_event: 0000:02:00.0 PCIe Bus Error: severity=Fatal, Malformed TLP, TLP Header=Not available',
    versions: '3.9-',
    source: 'include/ras/ras_event.h (6.12, 7.1)',
  },
];

export const AER_MESSAGES: readonly MessageRow[] = [
  message(
    'pci.bus_reset',
    'Port link has been reset',
    /^AER: (?:Root|Downstream) Port link has been reset \(0\)$/,
    'pcieport 0000:00:05.0: AER: Root Port link has been reset (0)',
    by('aer_root_reset', 'drivers/pci/pcie/aer.c (7.1; until 5.10 without the result)', '5.11-'),
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
    by('aer_print_source', 'drivers/pci/pcie/aer.c (6.12, 7.1, 7.3)', '2.6.30-'),
  ),
  message(
    'aer.error',
    ' Bus Error: severity=',
    /^(?:AER: )?(?:PCIe|CXL) Bus Error: severity=(?<severity>[A-Za-z]+(?: \([A-Za-z-]+\))?)/,
    'vfio-pci 0000:02:00.0: AER: PCIe Bus Error: severity=Uncorrectable (Fatal) (Inaccessible)',
    by('aer_print_error', 'drivers/pci/pcie/aer.c (6.12, 7.1)', '2.6.30-'),
  ),
  message(
    'pci.link_down',
    'Slot(',
    /^(?:pciehp: )?Slot\([^)]{1,32}\): (?:Link Down|Card not present)$/,
    'pcieport 0000:00:06.0: pciehp: Slot(3): Card not present',
    by('pciehp_handle_presence_or_link_change', 'drivers/pci/hotplug/pciehp_ctrl.c (6.12, 7.1)', '4.19-'),
  ),
  message(
    'pci.bus_reset',
    'containment event',
    // Until 6.15 the Requester ID of the message, whatever triggered; since then only where a message did.
    new RegExp(
      `^DPC: containment event, status:(?:(?<status>0x[0-9a-f]{4}) source:(?<source_id>0x[0-9a-f]{4})|0x[0-9a-f]{4}, ERR_(?:NON)?FATAL received from (?<source>${BDF_SOURCE})|)`,
    ),
    'pcieport 0000:00:05.0: DPC: containment event, status:0x1f01 source:0x0200',
    by('dpc_process_error', 'drivers/pci/pcie/dpc.c (6.12, 7.1)', '4.9-'),
    { fixed: { below: '1' } },
  ),
  known(
    'error status/mask=',
    /^(?:AER: )? {0,4}device \[[0-9a-f]{4}:[0-9a-f]{4}\] error status\/mask=[0-9a-f]{8}\/[0-9a-f]{8}$/,
    'vfio-pci 0000:02:00.0:   device [8086:10c9] error status/mask=00004000/02400000',
    by('aer_print_error', 'drivers/pci/pcie/aer.c (6.12, 7.1)', '2.6.30-'),
  ),
  known(
    '[',
    /^(?:AER: )? {1,4}\[ ?\d{1,2}\] \w[\w/]{0,31} {0,32}(?:\(First\))? {0,8}$/,
    'vfio-pci 0000:02:00.0:    [14] CmpltTO                (First)',
    by('__aer_print_error', 'drivers/pci/pcie/aer.c (6.12, 7.1)', '2.6.30-'),
  ),
  known(
    'TLP Header',
    /^(?:AER: )? {0,4}TLP Header: [0-9a-f]{8}(?: [0-9a-f]{8}){0,15}/,
    'vfio-pci 0000:03:00.0: AER:   TLP Header: 60001004 000000ff 00000009 fe7eb000',
    by('pcie_print_tlp_log', 'drivers/pci/pcie/aer.c (6.12, 7.1)', '2.6.30-'),
  ),
  known(
    'reported first',
    /^(?:AER: )? {0,4}Error of this Agent is reported first$/,
    'vfio-pci 0000:03:00.1: AER:   Error of this Agent is reported first',
    by('aer_print_error', 'drivers/pci/pcie/aer.c (6.12, 7.1)', '2.6.30-'),
  ),
  known(
    "can't recover",
    /^(?:AER: )?can't recover \(no error_detected callback\)$/,
    "vfio-pci 0000:03:00.1: AER: can't recover (no error_detected callback)",
    by('report_error_detected', 'drivers/pci/pcie/err.c (6.12, 7.1)', '4.16-'),
  ),
  message(
    'aer.recovery',
    'device recovery ',
    /^(?:AER: )?device recovery (?<result>successful|failed)$/,
    'pcieport 0000:00:05.0: AER: device recovery successful',
    by('pcie_do_recovery', 'drivers/pci/pcie/err.c (6.12, 7.1)', '4.16-'),
    { reporter: true },
  ),
  message(
    'aer.recovery',
    'broadcast ',
    /^(?:AER: )?broadcast (?<step>error_detected|mmio_enabled|slot_reset|resume) message$/,
    'pcieport 0000:00:05.0: AER: broadcast error_detected message',
    by('pcie_do_recovery, pci_dbg', 'drivers/pci/pcie/err.c (6.12, 7.1)', '4.16-'),
    { reporter: true },
  ),
  message(
    'aer.recovery',
    'EDR event received',
    /^(?:EDR: )?EDR event received$/,
    'pcieport 0000:00:05.0: EDR: EDR event received',
    by('edr_handle_event', 'drivers/pci/pcie/edr.c (6.12, 7.1)', '5.7-'),
    { reporter: true, fixed: { step: 'EDR' } },
  ),
  known(
    'DPC: ',
    /^DPC: (?:unmasked uncorrectable error detected|(?:ERR_FATAL|ERR_NONFATAL|RP PIO error|software trigger|reserved error)\b.{0,80}|error containment capabilities: .{0,120})$/,
    'pcieport 0000:00:05.0: DPC: unmasked uncorrectable error detected',
    by('dpc_process_error', 'drivers/pci/pcie/dpc.c (6.12: a line of its own)', '4.9-6.14'),
  ),
  message(
    'pci.link_up',
    'Slot(',
    /^(?:pciehp: )?Slot\([^)]{1,32}\): (?:Link Up|Card present)$/,
    'pcieport 0000:00:06.0: pciehp: Slot(3): Link Up',
    by('pciehp_handle_presence_or_link_change', 'drivers/pci/hotplug/pciehp_ctrl.c (6.12, 7.1)', '4.19-'),
    { fixed: { below: '1' } },
  ),
  known(
    'Slot(',
    /^(?:pciehp: )?Slot\([^)]{1,32}\): (?:Link Down\/Up ignored|No link|Power fault|Attention button pressed|Button (?:press|cancel|ignore).{0,60}|Powering (?:on|off) due to button press|Cannot train link: status 0x[0-9a-f]{4}|No device found|Already (?:enabled|disabled))$/,
    'pcieport 0000:00:06.0: pciehp: Slot(3): Link Down/Up ignored',
    by(
      'pciehp_ist, pciehp_check_link_status, pciehp_handle_button_press',
      'drivers/pci/hotplug/pciehp_hpc.c, pciehp_ctrl.c (6.12, 7.1)',
      '4.19-',
    ),
  ),
  known(
    'Data Link Layer Link Active',
    /^(?:pciehp: |DPC: )?Data Link Layer Link Active not (?:set|cleared) in \d{1,6} msec$/,
    'pcieport 0000:00:05.0: Data Link Layer Link Active not set in 1000 msec',
    by('pcie_wait_for_link_delay', 'drivers/pci/pci.c (6.12, 7.1)', '4.8-'),
  ),
];
