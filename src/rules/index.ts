import { rule as acceptBeforeReport } from './accept-before-report.ts';
import { rule as barZapWhileBound } from './bar-zap-while-bound.ts';
import { rule as bindWithoutConnect } from './bind-without-connect.ts';
import { rule as bmeClearWhileLocked } from './bme-clear-while-locked.ts';
import { rule as boundAtExit } from './bound-at-exit.ts';
import { rule as configChangeWhileLocked } from './config-change-while-locked.ts';
import { rule as conventionalResetWhileLocked } from './conventional-reset-while-locked.ts';
import { rule as disconnectWhileBound } from './disconnect-while-bound.ts';
import { rule as dmaEnableBeforeRun } from './dma-enable-before-run.ts';
import { rule as doubleBind } from './double-bind.ts';
import { rule as driverProbeBeforeAccept } from './driver-probe-before-accept.ts';
import { rule as failedBindNotCleaned } from './failed-bind-not-cleaned.ts';
import { rule as fenceNotCleared } from './fence-not-cleared.ts';
import { rule as flrWhileLocked } from './flr-while-locked.ts';
import { rule as guestRequestWhileUnbound } from './guest-request-while-unbound.ts';
import { rule as guestUnlockWhileInUse } from './guest-unlock-while-in-use.ts';
import { rule as ideStreamStopWhileLocked } from './ide-stream-stop-while-locked.ts';
import { rule as lockBeforeIdeStream } from './lock-before-ide-stream.ts';
import { rule as lockFromWrongState } from './lock-from-wrong-state.ts';
import { rule as mmioAcceptBeforeBind } from './mmio-accept-before-bind.ts';
import { rule as mmioUnmapBeforeBlock } from './mmio-unmap-before-block.ts';
import { rule as mseClearWhileLocked } from './mse-clear-while-locked.ts';
import { rule as powerStateWhileLocked } from './power-state-while-locked.ts';
import { rule as privateMmioUnmapBeforeStop } from './private-mmio-unmap-before-stop.ts';
import { rule as reclaimOrder } from './reclaim-order.ts';
import { rule as reportBeforeLock } from './report-before-lock.ts';
import { rule as rootPortStreamFirst } from './root-port-stream-first.ts';
import type { Rule } from './rule.ts';
import { rule as sleepWhileBound } from './sleep-while-bound.ts';
import { rule as spdmSessionEndWhileLocked } from './spdm-session-end-while-locked.ts';
import { rule as sriovChangeWhileLocked } from './sriov-change-while-locked.ts';
import { rule as startWithoutLock } from './start-without-lock.ts';
import { rule as stateReadbackConflict } from './state-readback-conflict.ts';
import { rule as surpriseRemovalWhileBound } from './surprise-removal-while-bound.ts';
import { rule as tdispRequestRefused } from './tdisp-request-refused.ts';
import { rule as tsmUnregisterWhileConnected } from './tsm-unregister-while-connected.ts';
import { rule as unbindBeforeDisable } from './unbind-before-disable.ts';
import { rule as unbindWithoutBind } from './unbind-without-bind.ts';
import { rule as unlockBeforePrivateMmioUnmap } from './unlock-before-private-mmio-unmap.ts';
import { rule as vdevDestroyBeforeUnlock } from './vdev-destroy-before-unlock.ts';
import { rule as vdeviceDestroyWhileBound } from './vdevice-destroy-while-bound.ts';
import { rule as vmDestroyWhileBound } from './vm-destroy-while-bound.ts';

/** Every rule, in the order in which reports list them. */
export const RULES: readonly Rule[] = [
  unbindBeforeDisable,
  bmeClearWhileLocked,
  mseClearWhileLocked,
  flrWhileLocked,
  conventionalResetWhileLocked,
  barZapWhileBound,
  disconnectWhileBound,
  powerStateWhileLocked,
  surpriseRemovalWhileBound,
  sriovChangeWhileLocked,
  bindWithoutConnect,
  guestRequestWhileUnbound,
  boundAtExit,
  doubleBind,
  unbindWithoutBind,
  vdeviceDestroyWhileBound,
  vmDestroyWhileBound,
  tsmUnregisterWhileConnected,
  failedBindNotCleaned,
  tdispRequestRefused,
  stateReadbackConflict,
  lockFromWrongState,
  startWithoutLock,
  reportBeforeLock,
  acceptBeforeReport,
  privateMmioUnmapBeforeStop,
  unlockBeforePrivateMmioUnmap,
  reclaimOrder,
  ideStreamStopWhileLocked,
  spdmSessionEndWhileLocked,
  configChangeWhileLocked,
  fenceNotCleared,
  dmaEnableBeforeRun,
  lockBeforeIdeStream,
  rootPortStreamFirst,
  driverProbeBeforeAccept,
  guestUnlockWhileInUse,
  mmioAcceptBeforeBind,
  mmioUnmapBeforeBlock,
  vdevDestroyBeforeUnlock,
  sleepWhileBound,
];
