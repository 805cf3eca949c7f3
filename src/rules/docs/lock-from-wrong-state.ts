import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'lock-from-wrong-state',
  title: 'LOCK asked of a TDI not unlocked',
  order: 'LOCK_INTERFACE_REQUEST is sent to a TDI in CONFIG_UNLOCKED only.',
  why: 'CONFIG_LOCKED is entered from CONFIG_UNLOCKED and from nowhere else: there is no way from RUN or ERROR but by STOP or a conventional reset. The LOCK makes a new nonce, to which the report and the measurements that the guest checks are tied. A TDI that is locked, runs or is in ERROR refuses it and stays as it is.',
  consequence: 'The LOCK is refused, and the bind that it is part of fails; the TDI stays as it was.',
  remedy: 'Send STOP first: it is allowed in every state and leads to CONFIG_UNLOCKED.',
  evidence: [
    'A LOCK (sev_tio_tdi_bind with run 0, tdx_tdi_request BIND, rmi_vdev_lock) whose answer is a status that names the state: definite.',
    'The same request refused by RMI_ERROR_DEVICE, which has other reasons, too: definite where the records since boot (--complete bind,guest-request,firmware) leave no state in which it is right; else possible.',
    'A LOCK that succeeds proves that the TDI was unlocked.',
  ],
  disprove: [
    'The status is of another number in the version of the firmware at hand.',
    'The answer belongs to a START: TIO_TDI_BIND does both, and its argument run tells which.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['firmware'], state: ['firmware'] },
  sources: [
    'PCIe Base 6.x, chapter 11, legality of requests by state',
    'tdi_bind() and tdi_run(), AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
    'VDEV lock, TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378',
  ],
};
