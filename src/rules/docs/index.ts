import type { RuleDoc } from '../doc.ts';
import { doc as barZapWhileBound } from './bar-zap-while-bound.ts';
import { doc as bindWithoutConnect } from './bind-without-connect.ts';
import { doc as bmeClearWhileLocked } from './bme-clear-while-locked.ts';
import { doc as boundAtExit } from './bound-at-exit.ts';
import { doc as conventionalResetWhileLocked } from './conventional-reset-while-locked.ts';
import { doc as disconnectWhileBound } from './disconnect-while-bound.ts';
import { doc as flrWhileLocked } from './flr-while-locked.ts';
import { doc as guestRequestWhileUnbound } from './guest-request-while-unbound.ts';
import { doc as mseClearWhileLocked } from './mse-clear-while-locked.ts';
import { doc as powerStateWhileLocked } from './power-state-while-locked.ts';
import { doc as sriovChangeWhileLocked } from './sriov-change-while-locked.ts';
import { doc as surpriseRemovalWhileBound } from './surprise-removal-while-bound.ts';
import { doc as unbindBeforeDisable } from './unbind-before-disable.ts';

/** What the rules say of themselves, in the order in which they are listed. */
export const RULE_DOCS: readonly RuleDoc[] = [
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
