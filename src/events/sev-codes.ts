import type { CodeTables } from './code-table.ts';

const PSP = 'enum sev_cmd, include/linux/psp-sev.h';

/** Commands of AMD's PSP for SEV-TIO, and what it answers. TDI_BIND locks, or starts with its run flag. */
export const SEV_CODES = {
  'psp-command': [
    {
      codes: [
        [0xd0, 'TIO_STATUS'],
        [0xd1, 'TIO_INIT'],
        [0xd2, 'TIO_DEV_CREATE'],
        [0xd3, 'TIO_DEV_RECLAIM'],
        [0xd4, 'TIO_DEV_CONNECT', 'spdm.connect'],
        [0xd5, 'TIO_DEV_DISCONNECT', 'spdm.disconnect'],
      ],
      versions: '6.19-',
      source: `${PSP} (read in 7.1)`,
    },
    {
      codes: [
        [0xd6, 'TIO_DEV_STATUS'],
        [0xd7, 'TIO_DEV_MEASUREMENTS', 'tdisp.measurements'],
        [0xd8, 'TIO_DEV_CERTIFICATES'],
        [0xda, 'TIO_TDI_CREATE', 'tdi.create'],
        [0xdb, 'TIO_TDI_RECLAIM', 'tdi.destroy'],
        [0xdc, 'TIO_TDI_BIND'],
        [0xdd, 'TIO_TDI_UNBIND', 'tdisp.stop'],
        [0xde, 'TIO_TDI_REPORT', 'tdisp.report'],
        [0xdf, 'TIO_TDI_STATUS', 'tdisp.state'],
        [0xe0, 'TIO_GUEST_REQUEST'],
        [0xe1, 'TIO_ASID_FENCE_CLEAR', 'fence.clear'],
        [0xe2, 'TIO_ASID_FENCE_STATUS', 'fence.status'],
        [0xe3, 'TIO_TDI_INFO'],
      ],
      versions: 'series: AMD SEV-TIO RFC 2024-2025, AMDESE/linux-kvm 16f379f5',
      source: PSP,
    },
    {
      codes: [
        [0xe4, 'TIO_TDI_DIGEST_REPORT'],
        [0xe5, 'TIO_ROLL_KEY', 'ide.keys'],
      ],
      versions: 'series: AMDESE/linux-kvm 16f379f5',
      source: PSP,
    },
    {
      codes: [[0xe4, 'TIO_ROLL_KEY', 'ide.keys']],
      versions: 'series: AMD SEV-TIO RFC 2024-2025',
      source: `${PSP}: the number that TDI_DIGEST_REPORT has later`,
    },
  ],
  'psp-status': [
    {
      // The register's low half; what is above says that the command is done.
      mask: 0xffffn,
      codes: [
        [0x0, 'SUCCESS'],
        [0x1, 'INVALID_PLATFORM_STATE'],
        [0x2, 'INVALID_GUEST_STATE'],
        [0x3, 'INVALID_CONFIG'],
        [0x4, 'INVALID_LEN'],
        [0x5, 'ALREADY_OWNED'],
        [0x6, 'INVALID_CERTIFICATE'],
        [0x7, 'POLICY_FAILURE'],
        [0x8, 'INACTIVE'],
        [0x9, 'INVALID_ADDRESS'],
        [0xa, 'BAD_SIGNATURE'],
        [0xb, 'BAD_MEASUREMENT'],
        [0xc, 'ASID_OWNED'],
        [0xd, 'INVALID_ASID'],
        [0xe, 'WBINVD_REQUIRED'],
        [0xf, 'DFFLUSH_REQUIRED'],
        [0x10, 'INVALID_GUEST'],
        [0x11, 'INVALID_COMMAND'],
        [0x12, 'ACTIVE'],
        [0x13, 'HWSEV_RET_PLATFORM'],
        [0x14, 'HWSEV_RET_UNSAFE'],
        [0x15, 'UNSUPPORTED'],
        [0x16, 'INVALID_PARAM'],
        [0x17, 'RESOURCE_LIMIT'],
        [0x18, 'SECURE_DATA_INVALID'],
        [0x30, 'INCORRECT_BUFFER_LENGTH'],
        [0x31, 'EXPAND_BUFFER_LENGTH_REQUEST'],
        [0x32, 'SPDM_REQUEST'],
        [0x33, 'SPDM_ERROR'],
        [0x35, 'ERR_IN_DEV_CONN'],
        [0x36, 'INVALID_DEV_CTX'],
        [0x37, 'INVALID_TDI_CTX'],
        [0x38, 'INVALID_TDI'],
        [0x39, 'RECLAIM_REQUIRED'],
        [0x3a, 'IN_USE'],
        [0x3b, 'INVALID_DEV_STATE'],
        [0x3c, 'INVALID_TDI_STATE'],
        [0x3d, 'DEV_CERT_CHANGED'],
        [0x3e, 'RESYNC_REQ'],
        [0x3f, 'RESPONSE_TOO_LARGE'],
      ],
      versions: '6.19-',
      source: 'enum sev_ret_code, include/uapi/linux/psp-sev.h (AMDESE/linux-kvm 16f379f5; the first ones long before)',
    },
  ],
  /** TIO_ASID_FENCE_STATUS, of DMA. MMIO has 0 and 3. */
  'fence-state': [
    {
      codes: [
        [0, 'none'],
        [1, 'fenced by an error'],
        [3, 'fenced by default'],
      ],
      versions: 'series: AMDESE/linux-kvm 16f379f5',
      source: 'drivers/crypto/ccp/sev-dev-tio.c',
    },
  ],
} as const satisfies CodeTables;
