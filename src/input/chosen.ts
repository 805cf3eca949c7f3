/** Only a sos report has it. */
export const SOS_FOLDER = 'sos_commands';

/**
 * Tells which files of an archive or a directory may hold a kernel log, by their names alone. What a sos report holds beside
 * them is thousands of files that look like text; anywhere else every file is tried, and its content decides.
 */
export class Chooser {
  #isSos: boolean;

  /** @param isSos that it is a sos report is known. */
  constructor(isSos = false) {
    this.#isSos = isSos;
  }

  /** @param path inside the archive or directory, with `/`. Called in the order of the archive. */
  chooses(path: string): boolean {
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    // sos packs everything below `sosreport-HOST-...`: `get_archive_name` in sos/policies.
    this.#isSos ||= parts.includes(SOS_FOLDER) || (parts[0]?.startsWith('sosreport-') ?? false);
    if (parts.some((part) => part.startsWith('.') && part !== '..')) return false;
    return !this.#isSos || isLogOfSos(parts.join('/'), parts.at(-1) ?? '');
  }
}

// Of sos 5c7e63e: the plugins kernel (dmesg, tracing), logs (journalctl, var/log), kdump (var/crash), pstore, libvirt.
const NAMES = /^(?:dmesg|journalctl_|kern\.log|messages|syslog|vmcore-dmesg|kexec-dmesg|console-ramoops)/;
const TRACES = /(?:^|\/)sys\/kernel\/(?:debug\/)?tracing\/(?:instances\/[^/]+\/)?(?:trace|trace_pipe|snapshot)$/;
const QEMU = /(?:^|\/)var\/log\/libvirt\/qemu\/[^/]+\.log(?:[.-][^/]*)?$/;

function isLogOfSos(path: string, name: string): boolean {
  return (NAMES.test(name) && !name.endsWith('.conf')) || TRACES.test(path) || QEMU.test(path);
}
