import { describe, expect, test } from 'vitest';
import { analyzeText, headlines } from './support/analyze.ts';

// Written by hand: what tp_printk puts into the logs of two machines, whose devices have one address, as a log server keeps it.
const BIND = 'tsm_bind: (pci_tsm_bind+0x0/0x100) bdf="0000:02:00.0" kvm=0x1000 tdi_id=0x200';
const BOUND = 'tsm_bind_ret: (iommufd_vdevice_tsm_op_ioctl+0x50/0x100 <- pci_tsm_bind) bdf="0000:02:00.0" ret=0';
const FLR = 'pcie_flr: (pcie_flr+0x0/0x100) bdf="0000:02:00.0"';
const DONE = 'pcie_flr_ret: (pci_dev_specific_reset+0x0/0x100 <- pcie_flr) bdf="0000:02:00.0" ret=0';
const OTHER = 'usb 1-1: new high-speed USB device number 2 using xhci_hcd';

type Row = readonly [host: string, second: number, message: string];
const BOOTED: Record<string, number> = { a: 1000, b: 50 };

const forms: Record<string, (row: Row) => string> = {
  'RFC 3164 with stamps': ([host, second, text]) =>
    `Nov 22 10:00:0${second} ${host} kernel: [${(second + (BOOTED[host] ?? 0)).toFixed(6).padStart(12)}] ${text}\n`,
  'RFC 3164': ([host, second, text]) => `Nov 22 10:00:0${second} ${host} kernel: ${text}\n`,
  'RFC 5424': ([host, second, text]) => `<6>1 2026-11-22T10:00:0${second}.000100Z ${host} kernel - - - ${text}\n`,
  'short-monotonic': ([host, second, text]) =>
    `[${(second + (BOOTED[host] ?? 0)).toFixed(6).padStart(12)}] ${host} kernel: ${text}\n`,
  json: ([host, second, text]) =>
    `${JSON.stringify({ __CURSOR: `s=1;i=${second}`, __REALTIME_TIMESTAMP: `179534160${second}000000`, _BOOT_ID: host.repeat(32), _HOSTNAME: host, _TRANSPORT: 'kernel', MESSAGE: text })}\n`,
};

const FLR_LOCKED = 'probable flr-while-locked 0000:02:00.0';

for (const [form, line] of Object.entries(forms)) {
  const log = (...rows: Row[]) => rows.map(line).join('');
  describe(form, () => {
    test('the bind of one machine and the reset of another one have nothing to do with one another', async () => {
      const text = log(
        ['a', 0, OTHER],
        ['b', 1, OTHER],
        ['a', 2, BIND],
        ['a', 3, BOUND],
        ['b', 4, FLR],
        ['b', 5, DONE],
      );
      expect(headlines(await analyzeText(text + log(['a', 6, OTHER])))).toEqual([]);
      const first = log(['a', 2, BIND], ['a', 3, BOUND], ['b', 4, FLR], ['b', 5, DONE], ['a', 6, OTHER]);
      expect(headlines(await analyzeText(first))).toEqual([]);
    });

    test('what one machine does wrong is found among the lines of another one', async () => {
      const text = log(
        ['a', 0, OTHER],
        ['b', 1, OTHER],
        ['a', 2, BIND],
        ['b', 3, OTHER],
        ['a', 4, BOUND],
        ['b', 5, OTHER],
        ['a', 6, FLR],
        ['b', 7, OTHER],
        ['a', 8, DONE],
      );
      expect(headlines(await analyzeText(text))).toEqual([`${FLR_LOCKED} :7`]);
    });

    test('what two machines do alike at one time is told of both', async () => {
      const steps = [OTHER, OTHER, BIND, BOUND, FLR, DONE];
      const text = steps.flatMap((step, second) => [line(['a', second, step]), line(['b', second, step])]).join('');
      const analysis = await analyzeText(text);
      expect(headlines(analysis).sort()).toEqual([`${FLR_LOCKED} :10`, `${FLR_LOCKED} :9`]);
      expect(analysis.health.map(({ code }) => code)).not.toContain('source-repeated');
    });
  });
}

test('a machine that is given its name at boot is one', async () => {
  const line = forms['RFC 3164'] ?? (() => '');
  const rows: Row[] = [
    ['localhost', 0, OTHER],
    ['localhost', 1, BIND],
    ['localhost', 2, BOUND],
    ['node', 3, OTHER],
    ['node.example', 4, FLR],
    ['node', 5, DONE],
  ];
  const analysis = await analyzeText(rows.map(line).join(''));
  expect(headlines(analysis)).toEqual([`${FLR_LOCKED} :5`]);
  expect(analysis.sources).toHaveLength(1);
});

test('journalctl -m -o json-pretty: what one machine does wrong is found, and nothing across machines', async () => {
  const entry = ([host, second, text]: Row) =>
    `${JSON.stringify({ MESSAGE: text, _TRANSPORT: 'kernel', _HOSTNAME: host, _BOOT_ID: host.repeat(32), __REALTIME_TIMESTAMP: `179534160${second}000000` }, null, '\t').replaceAll('": "', '" : "')}\n`;
  const log = (...rows: Row[]) => rows.map(entry).join('');
  const apart = log(['a', 0, OTHER], ['b', 1, OTHER], ['a', 2, BIND], ['a', 3, BOUND], ['b', 4, FLR], ['b', 5, DONE]);
  expect(headlines(await analyzeText(apart + log(['a', 6, OTHER])))).toEqual([]);
  const among = log(
    ['a', 0, OTHER],
    ['b', 1, OTHER],
    ['a', 2, BIND],
    ['b', 3, OTHER],
    ['a', 4, BOUND],
    ['b', 5, OTHER],
  );
  // The seventh entry of seven lines each.
  const analysis = await analyzeText(among + log(['a', 6, FLR], ['b', 7, OTHER], ['a', 8, DONE]));
  expect(headlines(analysis)).toEqual([`${FLR_LOCKED} :43`]);
});
