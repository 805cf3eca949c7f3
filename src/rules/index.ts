import { rule as barZapWhileBound } from './bar-zap-while-bound.ts';
import { rule as bindWithoutConnect } from './bind-without-connect.ts';
import { rule as bmeClearWhileLocked } from './bme-clear-while-locked.ts';
import { rule as boundAtExit } from './bound-at-exit.ts';
import { rule as conventionalResetWhileLocked } from './conventional-reset-while-locked.ts';
import { rule as disconnectWhileBound } from './disconnect-while-bound.ts';
import { rule as flrWhileLocked } from './flr-while-locked.ts';
import { rule as guestRequestWhileUnbound } from './guest-request-while-unbound.ts';
import { rule as mseClearWhileLocked } from './mse-clear-while-locked.ts';
import { rule as powerStateWhileLocked } from './power-state-while-locked.ts';
import type { Rule } from './rule.ts';
import { rule as sriovChangeWhileLocked } from './sriov-change-while-locked.ts';
import { rule as surpriseRemovalWhileBound } from './surprise-removal-while-bound.ts';
import { rule as unbindBeforeDisable } from './unbind-before-disable.ts';

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
];
