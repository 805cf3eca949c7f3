import { expect, test } from 'vitest';
import { read } from './read.ts';

const FAULT =
  'DMAR: [DMA Read NO_PASID] Request device [02:00.0] fault addr 0x1000 [fault reason 0x06] PTE Read access is not set';
const opened = (bdf: string, at: number) => `[  ${at}.000000] vfio-pci ${bdf}: resetting`;

test('a fault without a segment is of segment 0 where the capture knows no other', async () => {
  const log = await read([opened('0000:02:00.0', 10), `[  11.000000] ${FAULT}`, ''].join('\n'));
  expect(log.at(2)).toMatchObject({ kind: 'iommu.fault', device: '0000:02:00.0', certainty: 'inherited' });
  expect(log.devices).toHaveLength(1);
});

test('alone, too', async () => {
  const log = await read([opened('0000:05:00.0', 10), `[  11.000000] ${FAULT}`, ''].join('\n'));
  expect(log.at(2).device).toBe('0000:02:00.0');
});

test('where another segment has the same address it may be of either, whichever is mentioned first', async () => {
  const lines = [
    `[  9.000000] ${FAULT}`,
    opened('0000:02:00.0', 10),
    opened('0001:02:00.0', 11),
    `[  12.000000] ${FAULT}`,
    '',
  ];
  const log = await read(lines.join('\n'));
  for (const line of [1, 4])
    expect(log.at(line)).toMatchObject({ device: null, certainty: 'maybe', maybe: ['0000:02:00.0', '0001:02:00.0'] });
});
