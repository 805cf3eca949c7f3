import {
  DAN_LINK,
  IDE,
  IN_FIRMWARE,
  judged,
  NO_NUMBER,
  type Order,
  PDEV,
  TDISP,
  TSM,
  tdx,
  unseen,
  VDEV,
} from './order.ts';

/** Session and link. */
export const LINK: readonly Order[] = [
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
