import { COMPRESSIONS } from '../base/compression.ts';

/**
 * The views of a timeline, in words: what `tdi-trace schema` prints. A test holds it against the views that migrations/ makes,
 * in both directions, and runs every example.
 */
export interface ViewDoc {
  readonly name: string;
  /** What one row is. */
  readonly row: string;
  /** In the order of the view. */
  readonly columns: readonly ColumnDoc[];
  readonly examples: readonly ExampleDoc[];
}

export interface ColumnDoc {
  readonly name: string;
  readonly type: 'integer' | 'text';
  readonly nullable: boolean;
  readonly meaning: string;
}

export interface ExampleDoc {
  readonly question: string;
  readonly sql: string;
}

export const VIEWS: readonly ViewDoc[] = [
  {
    name: 'v_source',
    row: 'one input: a file, a stream, or a part of it that has a form of its own',
    columns: [
      text('source', 'id of the source: s1, s2, .. as given'),
      text('path', 'as the user typed it'),
      text('format', 'form of the text, as `formats` lists them'),
      text('compression', `${COMPRESSIONS.join(', ')}; of the archive where the file in it has none of its own`),
      text('clock', 'name of the clock, or what is known of it'),
      text('time_unit', 'unit of every time of this source: ns, or ticks where the clock does not say what it counts'),
      integer('first_line', 'in the file, 1-based: a file whose form changes is several sources with one path'),
      integer('last_line', 'in the file; lines of another source may stand between the two'),
      integer('lines', 'records + continuation + skipped + unparsed'),
      integer('records', 'entries of the kernel'),
      integer('continuation', 'lines that go on with the entry before them'),
      integer('events', 'records that bear on a device, stream, domain or VM'),
      integer('skipped', 'headers, comments, blank lines'),
      integer('unparsed', 'lines that fit no form of this source'),
      integer('lost', 'events that the tracer says it lost'),
      orNull(integer('first_time', 'time of the first record with a time')),
      orNull(integer('last_time', 'time of the last record with a time')),
      text(
        'timeline',
        'the first source whose clock this one is known to relate to, by itself where there is none: their events are merged',
      ),
      integer('clock_offset', 'nanoseconds to add to its times to have them on the clock of that source'),
      orNull(integer('clock_error', 'nanoseconds by which that may be wrong; null for a source that stands alone')),
    ],
    examples: [
      {
        question: 'How much of each input was understood?',
        sql: 'select source, path, lines, records, unparsed, lost from v_source',
      },
    ],
  },
  {
    name: 'v_device',
    row: 'the life of one device in one source, or in several that were merged',
    columns: [
      text('device_id', 'id of the device: d1, d2, ..'),
      text('source', 'the source it was seen in, of merged ones the first: its times are on the clock of that source'),
      orNull(text('bdf', 'PCI address dddd:bb:dd.f; null where no record tells it')),
      orNull(text('pf', 'address of its physical function, where it is a virtual one')),
      orNull(text('dsm', 'address of the function that holds its device security manager')),
      orNull(text('guest_bdf', 'its address inside the VM')),
      text('aliases', 'other names in the log (pointers, files, ids of what stands for it), a JSON array'),
      text('certainty', 'of bdf: exact, inherited (from records of the same task), none'),
      orNull(integer('from_time', 'earliest time of its events')),
      orNull(integer('to_time', 'latest time of its events')),
      integer('events', 'number of its events'),
    ],
    examples: [
      {
        question: 'Which devices does the log know?',
        sql: 'select device_id, bdf, certainty, events from v_device order by events desc',
      },
    ],
  },
  {
    name: 'v_event',
    row: 'one fact about a device, normalised from one record',
    columns: [
      integer(
        'event_id',
        'in order of the sources and of the lines in them; of sources with one timeline in the merged order',
      ),
      text('source', 'where it was read'),
      integer('line', '1-based line; number of the record in a binary source'),
      orNull(integer('time', 'exact, in time_unit of the source')),
      orNull(integer('cpu', 'the CPU that recorded it')),
      orNull(text('task', 'name of the task, as the log has it: anybody can choose it')),
      orNull(integer('pid', 'of the task')),
      text('kind', 'subsystem.fact, as vfio.disable or tsm.bind'),
      text('phase', 'enter, exit, or point where the two are not told apart'),
      text('outcome', 'ok, failed, unknown (no result in the log) or void (the function has none)'),
      orNull(text('device_id', 'the device it is about; null where it could not be told')),
      orNull(text('bdf', 'address of that device')),
      text(
        'args',
        'what the record says beyond that, a JSON object of strings; inside: the system call that it was made in, where that tells the device',
      ),
      text('text', 'the line as it stands in the source, capped'),
    ],
    examples: [
      {
        question: 'What happened to one device, in order?',
        sql: "select line, time, kind, phase, outcome from v_event where bdf = '0000:01:00.0' order by event_id",
      },
      {
        question: 'Who wrote the COMMAND register?',
        sql: "select line, task, pid, args ->> 'value' as value from v_event where kind = 'vfio.config_write'",
      },
      {
        question: 'Which kinds are there?',
        sql: 'select kind, count(*) as events from v_event group by kind order by events desc',
      },
    ],
  },
  {
    name: 'v_maybe',
    row: 'a device that an event may be about, where it is about one of several or perhaps about none of them',
    columns: [
      integer('event_id', 'the event; it has no device in v_event'),
      text('source', 'where it was read'),
      integer('line', 'its line'),
      text('device_id', 'the device'),
      orNull(text('bdf', 'address of that device')),
    ],
    examples: [
      {
        question: 'What else may have happened to a device?',
        sql: "select e.line, e.kind from v_maybe m join v_event e using (event_id) where m.bdf = '0000:01:00.0'",
      },
    ],
  },
  {
    name: 'v_duplicate',
    row: 'a message that another source with a related clock holds too: the event counts there, and not here',
    columns: [
      integer('event_id', 'the event that was not counted'),
      text('source', 'where it was read'),
      integer('line', 'its line'),
      integer('original_id', 'the event that was counted'),
      text('original_source', 'where that was read'),
      integer('original_line', 'its line'),
    ],
    examples: [
      {
        question: 'Which lines of a log does the trace hold, too?',
        sql: 'select source, line, original_source, original_line from v_duplicate order by event_id',
      },
    ],
  },
  {
    name: 'v_state',
    row: 'what was believed of a device for a while',
    columns: [
      text('device_id', 'the device'),
      orNull(text('bdf', 'its address')),
      orNull(integer('from_time', 'when the belief begins; null: with the capture, or the record has no time')),
      orNull(integer('to_time', 'when it ends; null: with the capture, or the record has no time')),
      text('bind', 'unbound, connected, bound; comma-separated where several are possible'),
      text('contract', 'what host, TSM and guest agreed on: unlocked, locked, run; comma-separated'),
      text('device', 'what the device is really in: unlocked, locked, run, error; comma-separated'),
      orNull(text('cause_source', 'source of the line that brought it about')),
      orNull(integer('cause_line', 'that line')),
    ],
    examples: [
      {
        question: 'When was a device certainly in ERROR?',
        sql: "select bdf, from_time, to_time, cause_line from v_state where device = 'error'",
      },
      {
        question: 'When may a device have been locked?',
        sql: "select bdf, from_time, to_time from v_state where ',' || device || ',' like '%,locked,%'",
      },
    ],
  },
  {
    name: 'v_finding',
    row: 'a rule broken',
    columns: [
      text('id', 'f1, f2, .. by source, line, rule, device'),
      text('rule', 'as `explain` takes it'),
      text('verdict', 'definite, probable, possible, inconsistent'),
      text('severity', 'error, warning, note'),
      text('platform', 'the platform it was judged for'),
      text('device_id', 'the device'),
      orNull(text('device', 'its address')),
      orNull(integer('time', 'of the step that broke the rule')),
      text('summary', 'one sentence'),
      text('consequence', 'what follows from it'),
      text('remedy', 'what to do about it'),
      text('bind_before', 'states before the step, comma-separated'),
      text('contract_before', 'the same'),
      text('contract_after', 'states after it, comma-separated'),
      text('device_before', 'states before the step, comma-separated'),
      text('device_after', 'states after it, comma-separated'),
      text(
        'assumptions',
        'what one must assume to excuse the step, and what the verdict takes for granted; a JSON array',
      ),
      text('to_confirm', 'what to look at or capture to settle it, a JSON array'),
      integer('by_later_evidence', '1: the verdict rests on something that was recorded later'),
      orNull(text('caused_by', 'the finding that this one follows from')),
      integer('headline', '1: reported by itself; 0: hangs below caused_by'),
      text('fingerprint', 'the same for the same bug elsewhere: rule and events, without device, time, line'),
    ],
    examples: [
      {
        question: 'What went wrong?',
        sql: 'select id, verdict, rule, device, summary from v_finding where headline order by id',
      },
      {
        question: 'With its proof?',
        sql: "select f.rule, e.source, e.line, e.text from v_finding f join v_evidence e on e.finding_id = f.id where e.role = 'violation'",
      },
    ],
  },
  {
    name: 'v_evidence',
    row: 'a line that proves something in a finding',
    columns: [
      text('finding_id', 'id of v_finding'),
      text('source', 'where the line stands'),
      integer('line', 'first line, 1-based'),
      integer('end_line', 'last line of the entry'),
      orNull(integer('time', 'of the record')),
      text('role', 'violation, state, context, consequence, confirmation, symptom'),
      text('event', 'kind of the event'),
      text('text', 'the line as it stands in the source, capped'),
      integer('truncated', '1: the text was cut'),
    ],
    examples: [
      {
        question: 'Which lines prove a finding?',
        sql: "select role, line, text from v_evidence where finding_id = 'f1' order by line",
      },
    ],
  },
  {
    name: 'v_rule',
    row: 'what the capture could tell about one rule and one device',
    columns: [
      text('rule', 'as `explain` takes it'),
      text('device_id', 'the device'),
      orNull(text('device', 'its address')),
      text('status', 'violated, held, not-applicable, blind'),
      integer('triggers', 'steps that the rule judges'),
      text('findings', 'ids of v_finding, comma-separated'),
      text('missing', 'classes whose recording would lift `blind`, comma-separated'),
    ],
    examples: [
      { question: 'What could not be seen?', sql: "select device, rule, missing from v_rule where status = 'blind'" },
    ],
  },
  {
    name: 'v_health',
    row: 'something that is missing or doubtful in the capture',
    columns: [
      text('code', 'see the table of health codes'),
      text('severity', 'error, warning, note'),
      orNull(text('source', 'the source it concerns')),
      orNull(integer('line', 'where; null where it concerns the whole source')),
      text('message', 'what was seen'),
      integer('count', 'how often'),
    ],
    examples: [
      {
        question: 'Can the capture be trusted?',
        sql: "select code, source, line, message, count from v_health where severity <> 'note'",
      },
    ],
  },
];

function text(name: string, meaning: string): ColumnDoc {
  return { name, type: 'text', nullable: false, meaning };
}

function integer(name: string, meaning: string): ColumnDoc {
  return { name, type: 'integer', nullable: false, meaning };
}

function orNull(column: ColumnDoc): ColumnDoc {
  return { ...column, nullable: true };
}
