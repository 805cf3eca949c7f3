/** What a capture can lack, as a closed list: scripts match on the codes. `schema` prints the table. */
export const HEALTH_CODES = {
  'lines-truncated': {
    severity: 'warning',
    meaning: 'lines longer than the cap were cut; the rest of the line was not read',
  },
  'nul-bytes': {
    severity: 'warning',
    meaning:
      'lines hold NUL bytes, as blocks do that were never written: what was there is missing, and a line may be of two records',
  },
  'no-final-newline': { severity: 'note', meaning: 'the last line has no newline: it may be cut' },
  'source-changed': {
    severity: 'warning',
    meaning: 'the file changed while it was read, or the system no longer says whether it did',
  },
  'source-rotated': {
    severity: 'warning',
    meaning: 'the followed file was replaced or cut, and reading went on in the new one; lines may be missing here',
  },
  'source-cut': {
    severity: 'error',
    meaning: 'what is compressed, an archive or a trace.dat ends early or is damaged; what is whole was analysed',
  },
  'source-trailing': {
    severity: 'warning',
    meaning: 'bytes after the end of the compressed data were ignored, as gzip does; what was compressed was analysed',
  },
  'source-capped': { severity: 'error', meaning: 'the input is larger than the limit; what came before was analysed' },
  'members-left': {
    severity: 'note',
    meaning: 'files of an archive or a directory that hold no kernel log, or that were not looked at',
  },
  'source-unusable': { severity: 'error', meaning: 'an input could not be analysed at all' },
  'events-lost': { severity: 'warning', meaning: 'the tracer says that events were lost here' },
  'buffer-wrapped': { severity: 'warning', meaning: 'the ring buffer had wrapped: its oldest entries are gone' },
  'buffer-started': { severity: 'note', meaning: 'a CPU has no entries before this line' },
  'one-cpu': {
    severity: 'warning',
    meaning: 'the trace holds the records of one CPU: what others did between them is missing',
  },
  'messages-dropped': { severity: 'warning', meaning: 'printk messages were dropped' },
  'messages-suppressed': { severity: 'warning', meaning: 'a rate limit suppressed messages' },
  'losses-everywhere': {
    severity: 'warning',
    meaning: 'so many marks of lost evidence that from here on something may be missing between any two records',
  },
  'time-backwards': {
    severity: 'warning',
    meaning: 'a time stamp is earlier than the one before it; the order of the file was kept',
  },
  'clock-unknown': { severity: 'note', meaning: 'the time stamps are integers of an unnamed clock' },
  'no-time': { severity: 'note', meaning: 'the records carry no time; the order of the file was kept' },
  'symbols-missing': {
    severity: 'note',
    meaning:
      'entries name an address where the function should stand: dynamic events in trace-cmd report, functions that a trace.dat does not list; they were not used',
  },
  'dump-skipped': {
    severity: 'warning',
    meaning:
      'a trace buffer was dumped into this log: its entries are older than the lines around them and were not used',
  },
  'crash-parts': {
    severity: 'note',
    meaning:
      'parts of crash logs that do not follow one another: each is a source of its own, and nothing is carried from one to the next',
  },
  'parts-capped': {
    severity: 'warning',
    meaning:
      'the form of the file changes, or seems to, more often than parts are told apart: what follows was read as the last one',
  },
  'several-machines': {
    severity: 'note',
    meaning:
      "messages of several machines stand among one another: each machine's are a source of its own, with its own clock and its own devices",
  },
  'machine-renamed': {
    severity: 'note',
    meaning:
      'a machine is called otherwise from here on, in the middle of a boot: a line says so and the clock of its kernel goes on, so it was read as one',
  },
  'machines-capped': {
    severity: 'warning',
    meaning: 'messages of more machines stand in the file than are told apart: those of the others were left out',
  },
  'part-unusable': {
    severity: 'warning',
    meaning: 'a part of the file cannot be read, and why; the rest was analysed',
  },
  'clocks-related': {
    severity: 'note',
    meaning: 'this source and another one hold the same messages: their records were merged into one order',
  },
  'comparison-capped': {
    severity: 'note',
    meaning: 'there are more inputs, or more of one message, than are compared: some clocks may relate unseen',
  },
  'source-repeated': {
    severity: 'note',
    meaning: 'all events of this source stand in another one, at the same times: they were counted once',
  },
  'trace-ended': {
    severity: 'note',
    meaning: 'a trace ends here while an input that it was merged with goes on: what follows was judged without it',
  },
  'clocks-unrelated': {
    severity: 'note',
    meaning: 'the clocks of these sources are not known to relate; each source was analysed by itself',
  },
  reboot: { severity: 'note', meaning: 'a new boot begins here; nothing that was known before holds after it' },
  'lines-elided': {
    severity: 'warning',
    meaning:
      'somebody left lines out here: `...`, `[snip]`, what grep puts between its matches; or wrote between the rows of a trace; or a row that was broken for its width cannot be put together',
  },
  'lines-repaired': {
    severity: 'note',
    meaning:
      'lines had been changed on their way here (quoted, wrapped, in HTML, behind a time of another program); they were read as they had been',
  },
  'rest-doubtful': {
    severity: 'warning',
    meaning:
      'a line below a message or a row may be the rest of it or what somebody wrote, and with it the message says something else: it was read without',
  },
  'result-unreadable': {
    severity: 'warning',
    meaning:
      'a return value was recorded and cannot be read: whether the call succeeded or failed is not known, nothing rests on either',
  },
  'user-written': {
    severity: 'note',
    meaning:
      "messages in words of the kernel's that user space wrote into its log (/dev/kmsg), as their facility says: they were not used",
  },
  'form-doubtful': {
    severity: 'warning',
    meaning: 'the form that was asked for takes any line, and these look like another one: events are missing',
  },
  'unparsed-lines': { severity: 'note', meaning: 'lines that fit no form of this source' },
  'mostly-unparsed': {
    severity: 'warning',
    meaning:
      'more than 30 % of the lines, and several, fit no form of this source; in place of unparsed-lines: records may be incomplete or missing',
  },
  'device-unresolved': { severity: 'note', meaning: 'events whose device could not be told' },
  'device-ambiguous': { severity: 'note', meaning: 'a clue (a pointer, a task) fits several devices; it was not used' },
  'pointer-reused': {
    severity: 'warning',
    meaning:
      'a kernel pointer is of another device later, and no record tells when it changed hands: from this use of it on something may have happened unseen',
  },
  'nothing-recognised': {
    severity: 'warning',
    meaning: 'no line of this source bears on a device that can be assigned to a VM',
  },
  'belief-reset': {
    severity: 'warning',
    meaning:
      'an event fits no state that the device can have been in; the replay went on from the state that the event implies',
  },
  'hints-used': {
    severity: 'note',
    meaning:
      'devices were told by what the user says of pointers (--map, --hints): no verdict that rests on it is definite',
  },
  'hints-unused': {
    severity: 'warning',
    meaning: 'pointers that the user says something of (--map, --hints) stand in no record of a log that was read',
  },
  'hint-contradicted': {
    severity: 'warning',
    meaning: 'a record says otherwise than the user of a pointer (--map, --hints): the record counts',
  },
  'platform-contradicted': {
    severity: 'warning',
    meaning: 'a record is of another platform than the one that --platform names: it was judged as named all the same',
  },
  'side-data': {
    severity: 'note',
    meaning:
      'what data stored beside the log tell (--side, or the sos report that the log is of): they hold for the moment when they were stored',
  },
  'side-contradicted': {
    severity: 'warning',
    meaning:
      'a record says otherwise than the data stored beside the log: the record counts, from there on; or two files of these data contradict each other: neither counts',
  },
  'reset-reach-unknown': {
    severity: 'note',
    meaning:
      'a reset below a port was recorded, and nothing tells whether a function that was bound is below it: no rule judges it',
  },
  'coverage-capped': {
    severity: 'note',
    meaning:
      'there are very many devices that no record names: of some without a finding it is not told what each rule could see',
  },
  'later-capped': {
    severity: 'note',
    meaning:
      'more steps of a device were in the balance at one time than wait for later records: the oldest were left with the verdict of what was known by then',
  },
  'legal-orders-capped': {
    severity: 'note',
    meaning: 'there are very many headlines: for some no legal order was looked for (`legal_order` is null)',
  },
  'states-merged': {
    severity: 'note',
    meaning:
      'a device changed its state more often than states are listed: the last one listed stands for all that followed; every event was judged',
  },
} as const satisfies Record<string, { severity: 'error' | 'warning' | 'note'; meaning: string }>;

export type HealthCode = keyof typeof HEALTH_CODES;
export type HealthSeverity = 'error' | 'warning' | 'note';

/** One thing that is missing or doubtful. `line` is 1-based, null where it concerns the whole source. */
export interface HealthItem {
  code: HealthCode;
  line: number | null;
  message: string;
  count: number;
}

/** Where a stage reports what it could not see. */
export type HealthSink = (item: HealthItem) => void;
