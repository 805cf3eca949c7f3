import type { OtherNumbers } from '../replay/tdx-abi.ts';
import type { Charge } from './rule.ts';
import { weaker } from './verdict.ts';

/** A charge that an answer proves, where the number of that answer may mean something else: no more than is known of it. */
export function unlessOtherNumbers(charge: Charge, other: OtherNumbers | undefined): Charge {
  if (other === undefined || charge.provedByAnswer !== true) return charge;
  const { abi, shownBy } = other;
  const most = abi === 'later' ? 'possible' : 'probable';
  const why =
    shownBy === null
      ? 'the TDX module is of the ABI that names device interfaces DEVIF, whose numbers alone are public: no call tells'
      : `the number means what it does in the older ABI (DEVIF), whose numbers alone are public: ${shownBy.symbol} is of a later one`;
  return {
    ...charge,
    atMost: charge.atMost === undefined ? most : weaker(charge.atMost, most),
    takesForGranted: [...(charge.takesForGranted ?? []), why],
    toConfirm: [
      ...(charge.toConfirm ?? []),
      shownBy === null
        ? 'probe tdh_devif_create and tdh_ide_stream_km, too: they tell the ABI of the TDX module'
        : "look the number up in the error codes of the TDX module's own release",
    ],
    shownBy: [...(charge.shownBy ?? []), ...(shownBy === null ? [] : [shownBy])],
  };
}
