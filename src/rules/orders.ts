/**
 * An order that drivers, firmware, guests and VMMs have to keep, and what is made of it here. Where a log shows it, rules judge it;
 * where none does, `unseen` says why, so that nobody takes silence for a pass.
 */
export interface Order {
  /** One sentence, in our own words. */
  readonly says: string;
  /** Ids of the rules that judge it, wholly or in part. */
  readonly rules: readonly string[];
  /** Why no log shows it, or which part of it none shows; null where rules judge all of it. */
  readonly unseen: string | null;
  /** Where it is from; in the forms of `RuleDoc.sources`. */
  readonly source: string;
}

const TSM = 'drivers/pci/tsm.c, Linux 7.1 merge window';
const IDE = 'drivers/pci/ide.c, Linux 7.1';
const VFIO = 'drivers/vfio/pci/vfio_pci_core.c, Linux 7.1 merge window';
const AMD = 'AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a';
const AMD_GUEST = 'AMDESE/linux-kvm drivers/virt/coco/sev-guest/tio.c@16f379f5463a';
const VDEV = 'TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378';
const PDEV = 'TF-RMM/tf-rmm runtime/rmi/pdev.c@9a7f8ef46378';
const RSI = 'TF-RMM/tf-rmm runtime/rsi/vdev.c@9a7f8ef46378';
const tdx = (file: string) => `intel/tdx-module src/vmm_dispatcher/api_calls/tdxio/${file}@1666adc494db`;
const TDISP = 'PCIe Base 6.x, 11.2.6';
const TDISP_STATES = 'PCIe Base 6.x, 11.3';
const YILUN =
  'Xu Yilun, RFC PATCH 20/30, unbind before the BARs are zapped, 2025-05-29, <20250529053513.1592088-21-yilun.xu@linux.intel.com>';
const YILUN_30 =
  'Xu Yilun, RFC PATCH 30/30, order inside the TDX unbind, 2025-05-29, <20250529053513.1592088-31-yilun.xu@linux.intel.com>';
const ANEESH =
  'Aneesh Kumar K.V, PATCH v5 4/5, bind and unbind of a vDEVICE, 2026-05-25, <20260525154816.1029642-5-aneesh.kumar@kernel.org>';
const JASON = 'Jason Gunthorpe, when a TDI has to leave RUN, 2025-08-05, <20250805193854.GA377696@ziepe.ca>';
const DAN_GUEST =
  'Dan Williams, PATCH 5/7, accept of a TDI in the guest, 2025-08-26, <20250827035259.1356758-6-dan.j.williams@intel.com>';
const DAN_BIND =
  'Dan Williams, PATCH v2 6/8, pci_tsm_bind(), 2025-11-12, <20251113021446.436830-7-dan.j.williams@intel.com>';
const DAN_LINK =
  'Dan Williams, PATCH v8 4/9, sessions and link encryption, 2025-10-31, <20251031212902.2256310-5-dan.j.williams@intel.com>';
const MATT =
  'Matt Evans, PATCH v4 7/10, zap and revocation of BARs, 2026-07-01, <20260701171245.90111-8-matt@ozlabs.org>';

const NO_NUMBER =
  'the module refuses it with a status whose number is not public: the refusal shows, its reason does not';
const IN_FIRMWARE = 'the firmware does it, and refuses what would break it, without a word to the host';
const NO_CALLER = 'no kernel and no posting asks for it';
const NOT_RECORDED = 'no record tells which pages, nonces or bytes were meant';

function judged(says: string, rules: readonly string[], source: string, unseen: string | null = null): Order {
  return { says, rules, unseen, source };
}

function unseen(says: string, why: string, source: string): Order {
  return { says, rules: [], unseen: why, source };
}

/** Session and link. */
const LINK: readonly Order[] = [
  judged(
    'The SPDM session comes before the IDE stream, and the stream before LOCK.',
    ['lock-before-ide-stream'],
    DAN_LINK,
    'that the session came first shows only where the driver of the TSM was probed: a stream without one is refused by the firmware',
  ),
  judged(
    'LOCK finds the keys of every part of the stream programmed over its own session.',
    ['lock-before-ide-stream', 'tdisp-request-refused'],
    'PCIe Base 6.x, 11.3.8',
    'the keys themselves go through the firmware',
  ),
  judged(
    'The object of an interface is made only over a stream that is configured and not blocked.',
    ['lock-before-ide-stream', 'tdisp-request-refused'],
    tdx('tdh_devif_create.c'),
    NO_NUMBER,
  ),
  judged(
    'A VDEV is made only of a PDEV that is ready, with its stream connected, and its ranges overlap with no other.',
    ['tdisp-request-refused'],
    VDEV,
    'the refusal shows, its reason does not',
  ),
  unseen(
    'Two PDEVs are ready and idle before a stream connects them, and the key is set where it is asked for.',
    IN_FIRMWARE,
    PDEV,
  ),
  judged(
    'Every function below a DSM is unbound before the DSM is disconnected.',
    ['disconnect-while-bound', 'spdm-session-end-while-locked'],
    TSM,
  ),
  judged(
    'The stream stays up as long as a TDI is locked over it: not disabled, not blocked, no keys stopped, none deleted.',
    ['ide-stream-stop-while-locked'],
    TDISP,
    'that keys are stopped shows only as a call of the firmware that names no interface',
  ),
  unseen('On TDX a stream is blocked once, and before it is deleted.', NO_NUMBER, tdx('tdh_ide_stream_delete.c')),
  unseen('On TDX a session is deleted when no stream uses it any more.', NO_NUMBER, tdx('tdh_spdm_delete.c')),
  judged(
    'The SPDM session outlives the lock of every TDI.',
    ['spdm-session-end-while-locked'],
    'PCIe Base 6.x, 11.4.5',
  ),
  unseen(
    'Session keys and stream keys are refreshed before their counters run out.',
    'no record tells the counters',
    'PCIe Base 6.x, 6.33',
  ),
  judged(
    'With encrypted configuration requests the endpoint is enabled before the root port.',
    ['root-port-stream-first'],
    'Alexey Kardashevskiy, PATCH, root port after the endpoint, 2026-05-21, <20260521074301.2369293-1-aik@amd.com>',
    'whether configuration requests are encrypted',
  ),
  judged(
    'A stream that did not become secure is disabled again, and nothing is bound over it.',
    ['lock-before-ide-stream'],
    IDE,
  ),
  unseen(
    'Stream numbers are unique at a port, and stream names in a system.',
    'the kernel refuses a second one, and its line is in the history: no order of steps is behind it',
    IDE,
  ),
  unseen(
    'A stream is taken down in the reverse order of its setting up.',
    'each step undoes itself whatever came before: what is left over shows in no record',
    IDE,
  ),
  unseen(
    'A second connect, and a disconnect of what is not connected, are errors of the user.',
    'the core refuses them before anything is done: the history shows the answer',
    TSM,
  ),
  judged(
    'A TSM goes away only after every device was disconnected from it.',
    ['tsm-unregister-while-connected'],
    TSM,
    'a shutdown of the firmware itself names no device',
  ),
  unseen(
    'One long-running command is given to the firmware at a time.',
    'a second caller is told to come again, and does',
    'Xu Yilun, PATCH v1 00/26, sessions and streams, 2025-11-17, <20251117022311.2443900-1-yilun.xu@linux.intel.com>',
  ),
];

/** Objects and their lifetimes. */
const OBJECTS: readonly Order[] = [
  judged('A function is connected before it is bound.', ['bind-without-connect'], TSM),
  unseen(
    'A vIOMMU and a vDEVICE are there before the TDI is bound, and there is one vDEVICE a device.',
    'iommufd refuses the others before the core is asked, and the history shows its answer',
    ANEESH,
  ),
  judged(
    'A vDEVICE that goes away, and the device below it, first unbinds its TDI.',
    ['vdevice-destroy-while-bound'],
    ANEESH,
  ),
  judged('A TDI has one VM: the same again changes nothing, another one is refused.', ['double-bind'], TSM),
  judged(
    'The bind lies inside the time that vfio has the device: the unbind comes before vfio_pci_core_disable(), close and removal of the driver.',
    ['unbind-before-disable', 'bound-at-exit'],
    YILUN,
  ),
  judged('An unbind never fails, and does nothing where nothing is bound.', ['unbind-without-bind'], TSM),
  judged(
    'Guest requests are made of a bound function only, and of a scope that is allowed.',
    ['guest-request-while-unbound'],
    TSM,
  ),
  judged(
    'The kernel object of a VM, its TD or Realm, goes after every TDI of it was unbound.',
    ['vm-destroy-while-bound'],
    ANEESH,
  ),
  judged('A bind that fails after LOCK stops the TDI again.', ['failed-bind-not-cleaned'], AMD),
  judged(
    'On SEV-TIO: unbind, reclaim of the TDI, then of the device.',
    ['reclaim-order'],
    AMD,
    'the reclaim of the device is part of the disconnect',
  ),
  judged(
    'On SEV-TIO the fence of the ASID is read after the unbind, and cleared, before the BARs are shared or bound again.',
    ['fence-not-cleared'],
    AMD,
  ),
  judged(
    'On TDX the interface is removed when none of its MMIO and DMA is mapped any more.',
    ['tdisp-request-refused'],
    tdx('tdh_devif_remove.c'),
    NO_NUMBER,
  ),
  judged('On Arm a VDEV is destroyed new or unlocked.', ['vdev-destroy-before-unlock'], VDEV),
  unseen('On Arm a PDEV is destroyed when it is stopped, and stopped without VDEVs and streams.', IN_FIRMWARE, PDEV),
  unseen(
    'What hangs behind a vIOMMU outlives it.',
    'iommufd refuses to free it, and its line is in the history',
    ANEESH,
  ),
  unseen(
    'Trusted DMA is one domain for all devices of a VM: none of them closes it alone.',
    NO_CALLER,
    'Xu Yilun, RFC PATCH 18/30, trusted IOMMU, 2025-05-29, <20250529053513.1592088-19-yilun.xu@linux.intel.com>',
  ),
];

/** Requests and states of TDISP. */
const REQUESTS: readonly Order[] = [
  judged('LOCK is asked of an unlocked TDI.', ['lock-from-wrong-state', 'tdisp-request-refused'], TDISP_STATES),
  judged('START is asked of a locked TDI.', ['start-without-lock', 'tdisp-request-refused'], TDISP_STATES),
  judged(
    'The interface report is asked of a locked or running TDI.',
    ['report-before-lock', 'tdisp-request-refused'],
    TDISP_STATES,
  ),
  judged('In ERROR only the state is read, and STOP is sent.', ['tdisp-request-refused'], TDISP_STATES),
  judged(
    'From RUN there is no way back to CONFIG_LOCKED but by STOP, or a reset, and a new LOCK.',
    ['state-readback-conflict'],
    TDISP_STATES,
  ),
  judged('What is read back is a state that the steps before it lead to.', ['state-readback-conflict'], TDISP_STATES),
  judged(
    'One request is under way at a time, and only from the side that may send it.',
    ['tdisp-request-refused'],
    tdx('tdh_devif_request.c'),
    'which side it was',
  ),
  unseen('START carries the nonce of the current LOCK.', NOT_RECORDED, 'PCIe Base 6.x, 11.3.9'),
  unseen('Report and measurements are those of the current LOCK.', NOT_RECORDED, RSI),
  unseen('Peer-to-peer streams are bound and unbound in RUN only.', NO_CALLER, TDISP_STATES),
  unseen('Attributes of MMIO ranges are changed in RUN only.', NO_CALLER, TDISP_STATES),
];

/** What a locked TDI does not survive. */
const FROZEN: readonly Order[] = [
  judged('Bus Master Enable is not cleared while the TDI is locked.', ['bme-clear-while-locked'], TDISP),
  judged(
    'Memory Space Enable is not cleared while the TDI is locked; of a VF its PF has the switch.',
    ['mse-clear-while-locked'],
    TDISP,
  ),
  judged(
    'No function level reset reaches a locked TDI, also not that of its PF.',
    ['flr-while-locked'],
    'PCIe Base 6.x, 11.4.9',
  ),
  judged(
    'No hot, bus or slot reset, no DPC and no loss of the link reaches a locked TDI, whoever asked for it and for whom.',
    ['conventional-reset-while-locked', 'surprise-removal-while-bound'],
    'PCIe Base 6.x, 11.4.8',
  ),
  judged(
    'Recovery from an AER error resets the device only after the unbind.',
    ['conventional-reset-while-locked', 'flr-while-locked'],
    TDISP,
  ),
  judged(
    'No power state that loses the state of the function is entered while the TDI is locked.',
    ['power-state-while-locked'],
    TDISP,
  ),
  judged(
    'The machine is not put to sleep with a TDI bound.',
    ['sleep-while-bound'],
    TDISP,
    'kexec and reboot end the record',
  ),
  judged(
    'BARs, expansion ROM, self-test, tags, No Snoop, PASID, Page Request, ARI, Resizable BAR stay as they are.',
    ['config-change-while-locked'],
    TDISP,
    'a write past the kernel, and one to a capability whose place nobody stored',
  ),
  unseen('MSI-X stays as it is where the lock asked for that.', 'no record tells the flags of the lock', TDISP),
  judged(
    'VFs are neither enabled nor disabled while the PF or one of them is locked.',
    ['sriov-change-while-locked', 'surprise-removal-while-bound'],
    TDISP,
  ),
  judged(
    'The registers of the root port above stay as they are: buses, windows, its Bus Master and Memory Space Enable.',
    ['bme-clear-while-locked', 'mse-clear-while-locked'],
    'PCIe Base 6.x, 11.4',
    'hot plug and rescans rewrite buses and windows with what they hold: no record tells which write changed them',
  ),
  unseen('The requester id does not change.', 'buses are renumbered only where no driver has the device', TDISP),
  unseen(
    'Firmware is not changed where the lock forbade it.',
    'vfio has the device, so no driver of the host can: the device refuses its guest',
    TDISP,
  ),
  unseen(
    'Bus Master is enabled before LOCK, since the driver that comes later may not touch COMMAND.',
    'enabling it is allowed at any time: what goes wrong is a clear, which rules judge',
    'Dan Williams, when COMMAND is written, 2025-07-31, <688c2155849a2_cff99100dd@dwillia2-xfh.jf.intel.com.notmuch>',
  ),
];

/** MMIO, DMA and dma-bufs. */
const MEMORY: readonly Order[] = [
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

/** The guest. */
const GUEST: readonly Order[] = [
  judged('The driver is off the device from lock to accept.', ['driver-probe-before-accept'], DAN_GUEST),
  judged(
    'The report is read after the lock and before the accept.',
    ['accept-before-report'],
    AMD_GUEST,
    'most guests leave it to user space, whose reads nobody records',
  ),
  judged(
    'The device is accepted, and runs, before its driver uses it as a trusted one.',
    ['driver-probe-before-accept', 'dma-enable-before-run'],
    DAN_GUEST,
  ),
  judged(
    'Before the unlock the driver lets go, and private MMIO is invalidated.',
    ['guest-unlock-while-in-use', 'unlock-before-private-mmio-unmap'],
    DAN_GUEST,
  ),
  unseen(
    'On SEV-TIO the guest stops the TDI, clears Bus Master, and has it unbound then.',
    'what it asks the hypervisor is a number that no tracepoint decodes; on the host, a STOP by the guest, a clear and an unbind are judged as such',
    AMD_GUEST,
  ),
  unseen(
    'Evidence that the host passes on is checked against digests of the firmware.',
    'the check is one of user space',
    RSI,
  ),
  unseen('The report shows neither ATS nor Page Request nor PASID on TDX.', NOT_RECORDED, tdx('tdh_devif_response.c')),
];

/** The ends of VM, function and machine. */
const ENDS: readonly Order[] = [
  judged(
    'At the end of a VM: unbind, vDEVICE, vIOMMU, close of vfio, then the VM.',
    ['unbind-before-disable', 'vdevice-destroy-while-bound', 'vm-destroy-while-bound'],
    JASON,
  ),
  judged('A process that ends leaves no TDI bound.', ['bound-at-exit', 'unbind-before-disable'], JASON),
  judged(
    'A function is removed while it is there and in D0, and its TDI is unbound first.',
    ['surprise-removal-while-bound', 'power-state-while-locked'],
    TSM,
  ),
  unseen(
    'Functions and VFs are disconnected before function 0.',
    'the core does it in one loop: each of its steps is judged by itself',
    DAN_BIND,
  ),
  unseen(
    'What happens to a TDI whose memory is poisoned is nowhere written down.',
    'there is no rule to judge by',
    TDISP,
  ),
];

/** Every order that was found in kernels, postings, firmware and specification, by subject. */
export const ORDERS: readonly Order[] = [...LINK, ...OBJECTS, ...REQUESTS, ...FROZEN, ...MEMORY, ...GUEST, ...ENDS];
