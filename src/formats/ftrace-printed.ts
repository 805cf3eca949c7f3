// Fields of the events in include/trace/events/iommu.h (7.3) as trace-cmd report -R and option `fields` print them; the
// latter each number twice: `iova=0x0000000000100000 paddr=0x000000000460b000 size=4096`,
// `iova=0x100000 (1048576) paddr=0x1fa7000 (33189888) size=0x1000 (4096)`, `device=0000:02:00.0`.
const DEVICE = /^device=(\S{1,64})$/;
const RANGE =
  /^iova=0x([0-9a-f]{1,16})(?: \(-?\d{1,20}\))? (?:paddr=0x([0-9a-f]{1,16})(?: \(-?\d{1,20}\))? )?size=(0x[0-9a-f]{1,16}|\d{1,20})(?: \(-?\d{1,20}\))?(?: unmapped_size=(0x[0-9a-f]{1,16}|\d{1,20})(?: \(-?\d{1,20}\))?)?$/;

/**
 * What the kernel's own print format makes of the fields of an event, so that an entry reads the same however it was printed.
 * Only for events that mean something for an assigned device; any other body is returned as it is.
 */
export function printedBody(name: string, body: string): string {
  switch (name) {
    case 'attach_device_to_domain': {
      const device = DEVICE.exec(body.trimEnd())?.[1];
      return device === undefined ? body : `IOMMU: device=${device}`;
    }
    case 'map':
    case 'unmap':
      return printedRange(body);
    default:
      return body;
  }
}

function printedRange(body: string): string {
  const match = RANGE.exec(body.trimEnd());
  if (match === null) return body;
  const [, iova = '0', paddr, size = '0', unmapped] = match;
  const address = (value: bigint) => `0x${value.toString(16).padStart(16, '0')}`;
  const from = BigInt(`0x${iova}`);
  const range = `IOMMU: iova=${address(from)} - ${address(from + BigInt(size))}`;
  if (paddr !== undefined) return `${range} paddr=${address(BigInt(`0x${paddr}`))} size=${BigInt(size)}`;
  return unmapped === undefined ? body : `${range} size=${BigInt(size)} unmapped_size=${BigInt(unmapped)}`;
}
