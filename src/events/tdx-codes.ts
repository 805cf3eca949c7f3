import type { CodeTable, CodeTables } from './code-table.ts';

const LEAVES = 'arch/x86/virt/vmx/tdx/tdx.h';
const OLD = 'series: TDX Connect 2023-2025 (DEVIF)';
const NEW = 'series: TDX Connect 2025-2026 (TDI), 20251117022311.2443900-1-yilun.xu@linux.intel.com and later';

/** SEAMCALL leaves in every release that has TDX. */
const MAINLINE: CodeTable = {
  codes: [
    [0, 'TDH.VP.ENTER'],
    [1, 'TDH.MNG.ADDCX'],
    [2, 'TDH.MEM.PAGE.ADD'],
    [3, 'TDH.MEM.SEPT.ADD'],
    [4, 'TDH.VP.ADDCX'],
    [6, 'TDH.MEM.PAGE.AUG'],
    [7, 'TDH.MEM.RANGE.BLOCK'],
    [8, 'TDH.MNG.KEY.CONFIG'],
    [9, 'TDH.MNG.CREATE'],
    [10, 'TDH.VP.CREATE'],
    [11, 'TDH.MNG.RD'],
    [16, 'TDH.MR.EXTEND'],
    [17, 'TDH.MR.FINALIZE'],
    [18, 'TDH.VP.FLUSH'],
    [19, 'TDH.MNG.VPFLUSHDONE'],
    [20, 'TDH.MNG.KEY.FREEID'],
    [21, 'TDH.MNG.INIT'],
    [22, 'TDH.VP.INIT'],
    [26, 'TDH.VP.RD'],
    [28, 'TDH.PHYMEM.PAGE.RECLAIM'],
    [29, 'TDH.MEM.PAGE.REMOVE'],
    [31, 'TDH.SYS.KEY.CONFIG'],
    [33, 'TDH.SYS.INIT'],
    [34, 'TDH.SYS.RD'],
    [35, 'TDH.SYS.LP.INIT'],
    [36, 'TDH.SYS.TDMR.INIT'],
    [38, 'TDH.MEM.TRACK'],
    [40, 'TDH.PHYMEM.CACHE.WB'],
    [41, 'TDH.PHYMEM.PAGE.WBINVD'],
    [43, 'TDH.VP.WR'],
    [45, 'TDH.SYS.CONFIG'],
  ],
  versions: '6.7-',
  source: `${LEAVES} (7.1)`,
};

// Both generations of TDX Connect use 128 to 135; a number in a log does not tell which.
const DEVIF: CodeTable = {
  codes: [
    [128, 'TDH.IOMMU.SETREG'],
    [129, 'TDH.IOMMU.GETREG'],
    [130, 'TDH.SPDM.CREATE'],
    [131, 'TDH.SPDM.DELETE'],
    [132, 'TDH.IDE.STREAM.CREATE', 'ide.setup'],
    [133, 'TDH.IDE.STREAM.BLOCK', 'ide.disable'],
    [134, 'TDH.IDE.STREAM.DELETE', 'ide.teardown'],
    [135, 'TDH.IDE.STREAM.IDEKMREQ', 'ide.keys'],
    [136, 'TDH.IDE.STREAM.IDEKMRSP', 'ide.keys'],
    [137, 'TDH.DEVIF.CREATE', 'tdi.create'],
    [138, 'TDH.DEVIF.REMOVE', 'tdi.destroy'],
    [139, 'TDH.DEVIF.REQUEST', 'tdisp.request'],
    [140, 'TDH.DEVIF.RESPONSE'],
    [150, 'TDH.DMAR.ADD', 'dma.enable'],
    [151, 'TDH.DMAR.BLOCK', 'dma.disable'],
    [152, 'TDH.DMAR.READ'],
    [153, 'TDH.DMAR.REMOVE', 'dma.disable'],
    [154, 'TDH.MMIOMT.ADD'],
    [155, 'TDH.MMIOMT.SET'],
    [156, 'TDH.MMIOMT.RD'],
    [157, 'TDH.MMIOMT.REMOVE'],
    [158, 'TDH.MMIO.MAP', 'mmio.map'],
    [159, 'TDH.MMIO.BLOCK', 'mmio.block'],
    [160, 'TDH.MMIO.UNMAP', 'mmio.unmap'],
    [161, 'TDH.IQINV.REQUEST'],
    [162, 'TDH.IQINV.PROCESS'],
    [163, 'TDH.MEM.SHARED.SEPT.WR'],
    [164, 'TDH.DEVIFMT.ADD'],
    [165, 'TDH.DEVIFMT.REMOVE'],
    [166, 'TDH.DEVIFMT.RD'],
  ],
  versions: OLD,
  source: `${LEAVES} of the older trees; dispatcher of intel/tdx-module`,
};

const TDI: CodeTable = {
  codes: [
    [60, 'TDH.EXT.INIT'],
    [61, 'TDH.EXT.MEM.ADD'],
    [128, 'TDH.IOMMU.SETUP'],
    [129, 'TDH.IOMMU.CLEAR'],
    [130, 'TDH.SPDM.CREATE'],
    [131, 'TDH.SPDM.DELETE'],
    [132, 'TDH.IDE.STREAM.CREATE', 'ide.setup'],
    [133, 'TDH.IDE.STREAM.BLOCK', 'ide.disable'],
    [134, 'TDH.IDE.STREAM.DELETE', 'ide.teardown'],
    [135, 'TDH.IDE.STREAM.KM', 'ide.keys'],
    [142, 'TDH.SPDM.CONNECT', 'spdm.connect'],
    [143, 'TDH.SPDM.DISCONNECT', 'spdm.disconnect'],
    [144, 'TDH.SPDM.MNG', 'spdm.manage'],
  ],
  versions: NEW,
  source: `${LEAVES} (devsec_tsm 29838fc9)`,
};

/** SEAMCALL leaves and what the TDX module answers. The low half of a status says which operand. */
export const TDX_CODES = {
  seamcall: [MAINLINE, DEVIF, TDI],
  'tdx-status': [
    {
      mask: 0xffff_ffff_0000_0000n,
      codes: [
        [0n, 'TDX_SUCCESS'],
        [0x8000_0200_0000_0000n, 'TDX_OPERAND_BUSY'],
        [0xc000_0100_0000_0000n, 'TDX_OPERAND_INVALID'],
        [0xc000_0300_0000_0000n, 'TDX_PAGE_METADATA_INCORRECT'],
        [0xc000_0302_0000_0000n, 'TDX_PAGE_NOT_OWNED_BY_TD'],
        [0xc000_0b00_0000_0000n, 'TDX_EPT_WALK_FAILED'],
        [0xc000_0b06_0000_0000n, 'TDX_GPA_RANGE_NOT_BLOCKED'],
        [0xc000_0b08_0000_0000n, 'TDX_TLB_TRACKING_NOT_DONE'],
        [0x0000_0b0a_0000_0000n, 'TDX_PAGE_ALREADY_ACCEPTED'],
        [0xc000_0b0b_0000_0000n, 'TDX_PAGE_SIZE_MISMATCH'],
        [0xc000_0b0d_0000_0000n, 'TDX_EPT_ENTRY_STATE_INCORRECT'],
      ],
      versions: '6.16-',
      source: 'arch/x86/kvm/vmx/tdx_errno.h (7.1); intel/tdx-module 1666adc4',
    },
    {
      mask: 0xffff_ffff_0000_0000n,
      codes: [
        [0xc000_0f03_0000_0000n, 'TDX_IOMMU_IOTLB_TRACKING_NOT_DONE'],
        [0xc000_0f0c_0000_0000n, 'TDX_DEVIF_INVALID'],
        [0xc000_0f0e_0000_0000n, 'TDX_DEVIF_TDISP_INVALID_REQ_STS'],
        [0xc000_0f0f_0000_0000n, 'TDX_DEVIF_TDISP_INVALID_MESSAGE'],
        [0xc000_0f10_0000_0000n, 'TDX_DEVIF_TDISP_INVALID_STATE'],
        [0xc000_0f11_0000_0000n, 'TDX_DEVIF_INVALID_STATE'],
        [0xc000_0f13_0000_0000n, 'TDX_DEVIF_HAS_MAPPED_MMIO'],
        [0xc000_0f14_0000_0000n, 'TDX_DEVIF_TDISP_OUT_REQ'],
        [0xc000_0f19_0000_0000n, 'TDX_IDE_STREAM_BLOCKED'],
        [0xc000_0f1f_0000_0000n, 'TDX_IDE_STREAM_HAS_DEVICE_INTERFACES'],
        [0xc000_0f27_0000_0000n, 'TDX_MMIO_DEVIF_OWNER_MISMATCH'],
        [0xc000_0f3a_0000_0000n, 'TDX_TD_HAS_ATTACHED_DEVICES'],
        [0xc000_0f3f_0000_0000n, 'TDX_DEVIF_HAS_MAPPED_DMA'],
        [0xc000_0f49_0000_0000n, 'TDX_DEVIF_INVALID_TDI_CONFIGURATION'],
        [0xc000_0f4a_0000_0000n, 'TDX_DEVIF_TDISP_ERROR_STATE'],
      ],
      versions: OLD,
      // What they are worth in a log is for src/replay/tdx-abi.ts to say.
      source: 'intel/tdx-module 1666adc4, error codes: later ABIs say TDI for DEVIF and may number otherwise',
    },
    {
      mask: 0xffff_ffff_0000_0000n,
      codes: [
        [0xc000_0f45_0000_0000n, 'TDX_SPDM_SESSION_KEY_REQUIRE_REFRESH'],
        [0xc000_0f57_0000_0000n, 'TDX_SPDM_REQUEST'],
      ],
      versions: NEW,
      source: 'arch/x86/include/asm/shared/tdx_errno.h (devsec_tsm 29838fc9)',
    },
  ],
  /** enum of tdx_tdi_request(). */
  'tdx-tdi-request': [
    {
      codes: [
        [1, 'BIND', 'tdisp.lock'],
        [2, 'START', 'tdisp.start'],
        [3, 'GET_STATE', 'tdisp.state'],
        [4, 'STOP', 'tdisp.stop'],
      ],
      versions: 'series: 20250529053513.1592088-1-yilun.xu@linux.intel.com',
      source: 'drivers/virt/coco/host/tdx_tsm.c, patch 27',
    },
  ],
  /** op of TDH.IDE.STREAM.KM and of TDH.SPDM.MNG. */
  'tdx-ide-km': [
    {
      codes: [
        [0, 'SETUP'],
        [1, 'REFRESH'],
        [2, 'STOP'],
      ],
      versions: NEW,
      source: 'drivers/virt/coco/tdx-host/tdx-host.c (AMDESE/linux-kvm 2638266f)',
    },
  ],
  'tdx-spdm-mng': [
    {
      codes: [
        [0, 'HEARTBEAT'],
        [1, 'KEY_UPDATE'],
        [2, 'RECOLLECT'],
      ],
      versions: NEW,
      source: 'drivers/virt/coco/tdx-host/tdx-host.c (AMDESE/linux-kvm 2638266f)',
    },
  ],
} as const satisfies CodeTables;
