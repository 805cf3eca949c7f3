/** What to say of a source that has none of the forms. */
export const NO_FORM =
  'as "drivers/pci/tsm.c, Linux 7.1", "TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378", "PCIe Base 6.x, 11.2.6", or "NAME, SUBJECT, 2025-11-12, <MESSAGE-ID>"';

/** The forms that a source may have; anything else cannot be looked up. */
export const SOURCE_FORMS = [
  // A kernel file with the version it was read in: "drivers/pci/tsm.c, Linux 7.1 merge window".
  /\b(?:arch|drivers|include|kernel|Documentation)\/[\w./-]+, Linux \d+\.\d+/,
  // A file of a firmware repository with its commit: "TF-RMM/tf-rmm runtime/rmi/vdev.c@9a7f8ef46378".
  /\b[\w.-]+\/[\w.-]+ [\w./-]+\.\w+@[0-9a-f]{12,40}$/,
  // A chapter or section of the specification.
  /^PCIe Base 6\.x, (?:chapter \d+|\d+(?:\.\d+)+)\b/,
  // A message of a mailing list, with its author and date.
  /^\p{L}[\p{L} .-]+, .*\d{4}-\d{2}-\d{2}, <[^<>@\s]+@[^<>@\s]+>$/u,
];
