import { toldPointer } from '../identity/hints.ts';
import type { StoredDevice, StoredEvent } from './rows.ts';

/**
 * What makes a record one of its device: it names the address; an address without a segment, or a pointer, which another record
 * names together with an address or which the user knows (`told`); an id of what stands for the device; the system call (`inside`)
 * or the recorded call that it was made in; or nothing but the other records of its task.
 */
export type Join =
  | { readonly by: 'address' | 'short-address' | 'task' }
  | { readonly by: 'pointer' | 'told' | 'object' | 'inside'; readonly name: string }
  | { readonly by: 'call' | 'entry'; readonly line: number };

/** Arguments that stand for a device through something that other records tell. */
const OBJECTS: ReadonlySet<string> = new Set([
  'iommufd_vdevice',
  'iommufd_device',
  'iommufd_object',
  'iommufd_pointer',
  'iommufd_ioas',
  'iommufd_hwpt',
  'iommufd_viommu',
  'vdevice_id',
  'viommu_id',
  'dev_id',
  'ioas_id',
  'hwpt_id',
  'id',
  'fd',
  'ide',
  'ide_pointer',
  'ide_stream',
  'tsm_object',
  'guest_bdf',
  'requester_id',
  'sid',
]);

/** Names that are pointers to the kernel's own structures of the device (PointerSpace). */
const SPACES = /^(?:pci|dev|vfio|idev|df|tdi)=/;
const POINTER = /0x[0-9a-f]{8,16}\b/gi;
const POINTERS_MAX = 64;

/**
 * @param device that the event is of, or may be of.
 * @param calls the recorded calls around the event, innermost first.
 */
export function joinOf(
  event: StoredEvent,
  device: Pick<StoredDevice, 'id' | 'bdf' | 'aliases'>,
  calls: Iterable<StoredEvent>,
): Join {
  const text = event.text.toLowerCase();
  const { bdf, aliases } = device;
  if (bdf !== null && text.includes(bdf)) return { by: 'address' };
  const pointers = new Set([...text.matchAll(POINTER)].slice(0, POINTERS_MAX).map(([pointer]) => pointer));
  if (pointers.size > 0) {
    const told = aliases.map(toldPointer).find((pointer) => pointer !== null && pointers.has(pointer.toLowerCase()));
    if (told != null) return { by: 'told', name: told };
    const known = aliases.find((alias) => pointers.has(alias.slice(alias.indexOf('=') + 1)));
    if (known !== undefined) return { by: SPACES.test(known) ? 'pointer' : 'object', name: known };
  }
  if (bdf !== null && text.includes(bdf.slice(bdf.indexOf(':') + 1))) return { by: 'short-address' };
  // The record of a kernel message may name its device beside the text.
  if (event.certainty === 'exact' && event.symbol === null) return { by: 'address' };
  const [argument] = Object.entries(event.args).filter(([name]) => OBJECTS.has(name));
  if (argument !== undefined && event.certainty !== 'none') return { by: 'object', name: argument.join('=') };
  if (event.args['inside'] !== undefined) return { by: 'inside', name: event.args['inside'] };
  if (event.phase === 'exit' && event.pairLine !== null) return { by: 'entry', line: event.pairLine };
  for (const { deviceId, line } of calls) if (deviceId === device.id) return { by: 'call', line };
  return { by: 'task' };
}
