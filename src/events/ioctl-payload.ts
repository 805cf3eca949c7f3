import { decode } from './codes.ts';
import type { Handle, HandleType } from './event.ts';
import { parseNumber } from './numbers.ts';

/** Names of the 32-bit words of an ioctl's structure, null where one says nothing. Only what goes in is trustworthy at entry. */
type Layout = readonly (string | null)[];

// include/uapi/linux/vfio.h, include/uapi/linux/iommufd.h (7.1, and the series that codes are named after).
const LAYOUTS: Readonly<Record<string, Layout>> = {
  VFIO_DEVICE_FEATURE: [null, 'flags', 'data'],
  VFIO_DEVICE_BIND_IOMMUFD: [null, null, 'iommufd'],
  VFIO_DEVICE_ATTACH_IOMMUFD_PT: [null, null, 'pt_id'],
  VFIO_DEVICE_TSM_BIND: [null, null, 'vdevice_id'],
  IOMMU_DESTROY: [null, 'id'],
  IOMMU_HWPT_ALLOC: [null, null, 'dev_id', 'pt_id'],
  IOMMU_GET_HW_INFO: [null, null, 'dev_id'],
  IOMMU_IOAS_MAP: [null, null, 'ioas_id', null, null, null, 'length', 'length_high'],
  IOMMU_IOAS_UNMAP: [null, 'ioas_id', 'iova', 'iova_high', 'length', 'length_high'],
  IOMMU_VIOMMU_ALLOC: [null, null, 'type', 'dev_id', 'hwpt_id'],
  IOMMU_VDEVICE_ALLOC: [null, 'viommu_id', 'dev_id', null, 'virt_id', 'virt_id_high'],
  IOMMU_VDEVICE_TSM_OP: [null, 'op', null, 'vdevice_id'],
};

const HANDLES: Readonly<Record<string, HandleType>> = {
  iommufd: 'iommufd-fd',
  pt_id: 'iommufd-pt',
  vdevice_id: 'iommufd-vdevice',
  viommu_id: 'iommufd-viommu',
  dev_id: 'iommufd-device',
  hwpt_id: 'iommufd-hwpt',
  ioas_id: 'iommufd-ioas',
  id: 'iommufd-object',
  virt_id: 'guest-bdf',
};

// VFIO_DEVICE_FEATURE_SET and _PROBE (include/uapi/linux/vfio.h).
const FEATURE_SET = 1n << 17n;
const FEATURE_PROBE = 1n << 18n;
const LOW_HALF = 0xffffn;

/**
 * The fields of an ioctl's argument, where a probe fetched its first words (`pl=+u0($arg3):x32[8]`), by `cmd`: decimal
 * strings. Empty where there is no payload, or none that is known.
 */
export function payloadOf(kept: Readonly<Record<string, string>>): Record<string, string> {
  const words = kept['payload'] === undefined ? null : wordsOf(kept['payload']);
  const cmd = parseNumber(kept['cmd'] ?? '');
  if (words === null || cmd === null) return {};
  const space = cmd >= 0x3b80n ? 'ioctl.iommufd' : 'ioctl.vfio-device';
  const layout = LAYOUTS[decode(space, cmd)?.name ?? ''];
  if (!layout) return {};
  const fields: Record<string, string> = {};
  layout.forEach((name, index) => {
    const word = words[index];
    if (name === null || word === undefined || name.endsWith('_high')) return;
    const high = layout[index + 1] === `${name}_high` ? (words[index + 1] ?? 0n) : 0n;
    fields[name] = String(word + (high << 32n));
  });
  return { ...fields, ...featureOf(fields), ...operationOf(fields) };
}

export function payloadHandles(fields: Readonly<Record<string, string>>): Handle[] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const type = HANDLES[name];
    return type === undefined ? [] : [{ type, value }];
  });
}

function featureOf(fields: Readonly<Record<string, string>>): Record<string, string> {
  const flags = parseNumber(fields['flags'] ?? '');
  const name = flags === null ? undefined : decode('vfio-feature', flags)?.name;
  if (flags === null || name === undefined) return {};
  const sets = (flags & FEATURE_SET) !== 0n && (flags & FEATURE_PROBE) === 0n;
  const data = parseNumber(fields['data'] ?? '');
  const bit = name === 'BUS_MASTER' && data !== null ? decode('vfio-bus-master', data & LOW_HALF)?.name : undefined;
  return { feature: name, sets: sets ? '1' : '0', ...(bit === undefined ? {} : { data_name: bit }) };
}

function operationOf(fields: Readonly<Record<string, string>>): Record<string, string> {
  const op = parseNumber(fields['op'] ?? '');
  const name = op === null ? undefined : decode('iommufd-tsm-op', op)?.name;
  return name === undefined ? {} : { op_name: name };
}

/** `{0x10,0x1,0x0,0x3}`, as print_array() of kernel/trace/trace_probe.c writes it. */
function wordsOf(text: string): bigint[] | null {
  const match = /^\{([0-9a-fx,]{1,256})\}$/.exec(text);
  const words = match?.[1]?.split(',').map((word) => parseNumber(word)) ?? [];
  return words.length > 0 && words.every((word) => word !== null) ? words.map((word) => word ?? 0n) : null;
}
