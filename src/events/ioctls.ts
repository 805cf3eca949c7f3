import type { CodeTable, CodeTables } from './code-table.ts';

const VFIO = 'include/uapi/linux/vfio.h';
const IOMMUFD = 'include/uapi/linux/iommufd.h';
const TSM_V5 = 'series: [PATCH v5 0/5] Add iommufd ioctls to support TSM operations, 2026-05-25';

const DEVICE: CodeTable = {
  codes: [
    [0x3b6b, 'VFIO_DEVICE_GET_INFO'],
    [0x3b6c, 'VFIO_DEVICE_GET_REGION_INFO'],
    [0x3b6d, 'VFIO_DEVICE_GET_IRQ_INFO'],
    [0x3b6e, 'VFIO_DEVICE_SET_IRQS'],
    [0x3b6f, 'VFIO_DEVICE_RESET'],
    [0x3b70, 'VFIO_DEVICE_GET_PCI_HOT_RESET_INFO'],
    [0x3b71, 'VFIO_DEVICE_PCI_HOT_RESET'],
    [0x3b72, 'VFIO_DEVICE_QUERY_GFX_PLANE'],
    [0x3b73, 'VFIO_DEVICE_GET_GFX_DMABUF'],
    [0x3b74, 'VFIO_DEVICE_IOEVENTFD'],
    [0x3b75, 'VFIO_DEVICE_FEATURE'],
  ],
  versions: '5.7-',
  source: `${VFIO} (6.12, 7.1)`,
};

const CDEV: CodeTable = {
  codes: [
    [0x3b76, 'VFIO_DEVICE_BIND_IOMMUFD'],
    [0x3b77, 'VFIO_DEVICE_ATTACH_IOMMUFD_PT'],
    [0x3b78, 'VFIO_DEVICE_DETACH_IOMMUFD_PT'],
    [0x3b79, 'VFIO_MIG_GET_PRECOPY_INFO'],
  ],
  versions: '6.6-',
  source: `${VFIO} (6.12, 7.1)`,
};

const CDEV_TSM: CodeTable = {
  codes: [
    [0x3b7a, 'VFIO_DEVICE_TSM_BIND'],
    [0x3b7b, 'VFIO_DEVICE_TSM_UNBIND'],
  ],
  versions: 'series: 20250529053513.1592088-1-yilun.xu@linux.intel.com',
  source: `${VFIO}, patch 19`,
};

const GROUP: CodeTable = {
  codes: [
    [0x3b67, 'VFIO_GROUP_GET_STATUS'],
    [0x3b68, 'VFIO_GROUP_SET_CONTAINER'],
    [0x3b69, 'VFIO_GROUP_UNSET_CONTAINER'],
    [0x3b6a, 'VFIO_GROUP_GET_DEVICE_FD'],
  ],
  versions: '3.6-',
  source: `${VFIO} (6.12, 7.1)`,
};

/** The same numbers as a device's, on a container or on /dev/iommu where it stands in for one. */
const CONTAINER: CodeTable = {
  codes: [
    [0x3b64, 'VFIO_GET_API_VERSION'],
    [0x3b65, 'VFIO_CHECK_EXTENSION'],
    [0x3b66, 'VFIO_SET_IOMMU'],
    [0x3b70, 'VFIO_IOMMU_GET_INFO'],
    [0x3b71, 'VFIO_IOMMU_MAP_DMA'],
    [0x3b72, 'VFIO_IOMMU_UNMAP_DMA'],
    [0x3b73, 'VFIO_IOMMU_ENABLE'],
    [0x3b74, 'VFIO_IOMMU_DISABLE'],
    [0x3b75, 'VFIO_IOMMU_DIRTY_PAGES'],
    [0x3b79, 'VFIO_EEH_PE_OP'],
  ],
  versions: '3.6-',
  source: `${VFIO} (6.12, 7.1)`,
};

const OBJECTS: CodeTable = {
  codes: [
    [0x3b80, 'IOMMU_DESTROY'],
    [0x3b81, 'IOMMU_IOAS_ALLOC'],
    [0x3b82, 'IOMMU_IOAS_ALLOW_IOVAS'],
    [0x3b83, 'IOMMU_IOAS_COPY'],
    [0x3b84, 'IOMMU_IOAS_IOVA_RANGES'],
    [0x3b85, 'IOMMU_IOAS_MAP'],
    [0x3b86, 'IOMMU_IOAS_UNMAP'],
    [0x3b87, 'IOMMU_OPTION'],
    [0x3b88, 'IOMMU_VFIO_IOAS'],
    [0x3b89, 'IOMMU_HWPT_ALLOC'],
    [0x3b8a, 'IOMMU_GET_HW_INFO'],
    [0x3b8b, 'IOMMU_HWPT_SET_DIRTY_TRACKING'],
    [0x3b8c, 'IOMMU_HWPT_GET_DIRTY_BITMAP'],
    [0x3b8d, 'IOMMU_HWPT_INVALIDATE'],
    [0x3b8e, 'IOMMU_FAULT_QUEUE_ALLOC'],
    [0x3b8f, 'IOMMU_IOAS_MAP_FILE'],
    [0x3b90, 'IOMMU_VIOMMU_ALLOC'],
    [0x3b91, 'IOMMU_VDEVICE_ALLOC'],
    [0x3b92, 'IOMMU_IOAS_CHANGE_PROCESS'],
    [0x3b93, 'IOMMU_VEVENTQ_ALLOC'],
    [0x3b94, 'IOMMU_HW_QUEUE_ALLOC'],
  ],
  versions: '6.12-',
  source: `${IOMMUFD} (6.12 to 0x3b8e, 7.1)`,
};

const OBJECTS_TSM: readonly CodeTable[] = [
  {
    codes: [
      [0x3b95, 'IOMMU_VDEVICE_TSM_OP'],
      [0x3b96, 'IOMMU_VDEVICE_TSM_REQ'],
    ],
    versions: TSM_V5,
    source: IOMMUFD,
  },
  {
    codes: [[0x3b94, 'IOMMU_VDEVICE_TSM_GUEST_REQUEST']],
    versions: 'series: 20250529053513.1592088-1-yilun.xu@linux.intel.com',
    source: `${IOMMUFD}: a number that IOMMU_HW_QUEUE_ALLOC has today`,
  },
];

/**
 * ioctl numbers: `_IO(';', n)`, on x86-64 and arm64 0x3b00 | n. What one means depends on the file, so that there is a space
 * for each kind of file that a handler serves, and one for a system call, whose file is not known.
 */
export const IOCTL_CODES = {
  'ioctl.vfio-device': [DEVICE, CDEV, CDEV_TSM],
  'ioctl.vfio-group': [GROUP],
  'ioctl.iommufd': [OBJECTS, ...OBJECTS_TSM, CONTAINER],
  ioctl: [DEVICE, CDEV, CDEV_TSM, GROUP, CONTAINER, OBJECTS, ...OBJECTS_TSM],
  /** Low half of the flags of VFIO_DEVICE_FEATURE. */
  'vfio-feature': [
    {
      mask: 0xffffn,
      codes: [
        [0, 'PCI_VF_TOKEN'],
        [1, 'MIGRATION'],
        [2, 'MIG_DEVICE_STATE'],
        [3, 'LOW_POWER_ENTRY'],
        [4, 'LOW_POWER_ENTRY_WITH_WAKEUP'],
        [5, 'LOW_POWER_EXIT'],
        [6, 'DMA_LOGGING_START'],
        [7, 'DMA_LOGGING_STOP'],
        [8, 'DMA_LOGGING_REPORT'],
        [9, 'MIG_DATA_SIZE'],
        [10, 'BUS_MASTER'],
        [11, 'DMA_BUF'],
        [12, 'MIG_PRECOPY_INFOv2'],
      ],
      versions: '5.7-',
      source: `${VFIO} (7.1)`,
    },
    {
      mask: 0xffffn,
      codes: [
        [13, 'DMA_BUF_REVOKE'],
        [14, 'DMA_BUF_MEMATTR'],
      ],
      versions: 'series: 20260701171245.90111-1-matt@ozlabs.org',
      source: VFIO,
    },
  ],
  'vfio-bus-master': [
    {
      codes: [
        [0, 'CLEAR'],
        [1, 'SET'],
      ],
      versions: '6.7-',
      source: `struct vfio_device_feature_bus_master, ${VFIO}`,
    },
  ],
  'iommufd-tsm-op': [
    {
      codes: [
        [1, 'BIND'],
        [2, 'UNBIND'],
      ],
      versions: TSM_V5,
      source: IOMMUFD,
    },
  ],
  /** Scopes in v5; operations in the trees of June 2026. */
  'iommufd-tsm-request': [
    {
      codes: [
        [0, 'INFO'],
        [1, 'STATE_CHANGE'],
        [2, 'DEBUG_READ'],
        [3, 'DEBUG_WRITE'],
      ],
      versions: TSM_V5,
      source: IOMMUFD,
    },
    {
      codes: [
        [1, 'VALIDATE_MMIO'],
        [2, 'SET_TDI_STATE'],
        [3, 'SEV_ENABLE_DMA'],
        [4, 'SEV_DISABLE_DMA'],
      ],
      versions: 'series: Arm tree 58252340, 2026-06',
      source: IOMMUFD,
    },
  ],
  'tsm-scope': [
    {
      codes: [
        [0, 'INFO'],
        [1, 'STATE_CHANGE'],
        [2, 'DEBUG_READ'],
        [3, 'DEBUG_WRITE'],
      ],
      versions: '6.19-',
      source: 'enum pci_tsm_req_scope, include/linux/pci-tsm.h (7.1)',
    },
  ],
  'iommufd-object-type': [
    {
      codes: [
        [1, 'DEVICE'],
        [2, 'HWPT_PAGING'],
        [3, 'HWPT_NESTED'],
        [4, 'IOAS'],
        [5, 'ACCESS'],
        [6, 'FAULT'],
        [7, 'VIOMMU'],
        [8, 'VDEVICE'],
        [9, 'VEVENTQ'],
        [10, 'HW_QUEUE'],
      ],
      versions: '7.1-',
      source:
        'enum iommufd_object_type, drivers/iommu/iommufd/iommufd_private.h: inner numbers, other in other releases',
    },
  ],
} as const satisfies CodeTables;
