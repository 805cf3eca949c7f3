import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'vdev-destroy-before-unlock',
  title: 'VDEV destroyed before it was unlocked',
  order: 'On Arm CCA a VDEV is unlocked, and the unlock carried to its end, before RMI_VDEV_DESTROY.',
  why: 'Destroying a VDEV gives its granules back and takes it from the Realm. The RMM does that only of a VDEV that is new or unlocked. One that is locked, started or in error has to be unlocked first, also after a failure. RMI_VDEV_UNLOCK only queues the STOP: it is done when the communication ends.',
  consequence: 'The RMM refuses with RMI_ERROR_DEVICE, and the Realm cannot be destroyed as long as it has a VDEV.',
  remedy: 'Unlock, communicate until the VDEV is idle, check its state, then destroy.',
  evidence: [
    'rmi_vdev_destroy whose answer is RMI_ERROR_DEVICE while the TDI was locked or running.',
    'Probable at most, for the answer has other reasons; definite where the records (--complete bind,guest-request,firmware) leave no doubt of the lock, and none of an unlock.',
    'rmi_vdev_destroy that succeeds: it was unlocked.',
  ],
  disprove: [
    'RMI_ERROR_DEVICE has other causes, too: another PDEV or Realm than that of the VDEV, or an SMMU that does not let go.',
    'The unlock was not recorded: probe rmi_vdev_unlock or cca_vdev_unlock_and_destroy.',
  ],
  platforms: ['cca'],
  needs: { trigger: ['firmware'], state: ['bind', 'guest-request'] },
  sources: ['VDEV destroy, states in which it is legal, TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378'],
};
