import type { RuleDoc } from '../doc.ts';

export const doc: RuleDoc = {
  id: 'root-port-stream-first',
  title: 'IDE stream enabled at the root port first',
  order: 'In a connect the IDE stream is enabled at the endpoint before it is enabled at the root port.',
  why: 'Where configuration requests go over the stream, the root port encrypts them from the moment that it is enabled. The write that enables the endpoint is such a request, and an endpoint that is not enabled yet cannot read it. The AMD driver of Linux 6.19 to 7.1 did it the other way round until it was changed.',
  consequence:
    'Where configuration requests are encrypted, the connect fails or the endpoint stays without its stream.',
  remedy: 'Call pci_ide_stream_enable() for the endpoint first, and for the root port after it succeeded.',
  evidence: [
    'Inside one connect, pci_ide_stream_enable of the root port before that of the endpoint, both with the same struct pci_ide.',
  ],
  disprove: [
    'Configuration requests do not go over the stream: the settings of the stream at the root port say so, and nothing in a log does.',
    'The connect succeeded and the stream is secure at both ports: the order did no harm this time.',
  ],
  platforms: ['generic', 'tdx', 'sev-tio', 'cca'],
  needs: { trigger: ['ide'], state: ['link'] },
  sources: [
    'Alexey Kardashevskiy, PATCH, root port after the endpoint, 2026-05-21, <20260521074301.2369293-1-aik@amd.com>',
    'stream_enable(), AMDESE/linux-kvm drivers/crypto/ccp/sev-dev-tsm.c@16f379f5463a',
  ],
};
