import { COMPRESSIONS } from '../base/compression.ts';
import { HEALTH_CODES } from '../base/health.ts';
import { ASSUMPTION_CODES, EVIDENCE_ROLES, LEGAL_ORDER_KINDS, VERDICTS } from '../model/analysis.ts';
import { BIND_STATES, CONTRACT_STATES, EVENT_CLASSES, PLATFORMS, TDISP_STATES } from '../model/states.ts';
import { ALL_STATES } from '../model/tdi.ts';

type Schema = Readonly<Record<string, unknown>>;

/** An object with exactly these properties, all of them required. */
function record(description: string, properties: Readonly<Record<string, Schema>>): Schema {
  return { type: 'object', description, properties, required: Object.keys(properties), additionalProperties: false };
}

function list(items: Schema, description?: string): Schema {
  return description === undefined ? { type: 'array', items } : { type: 'array', items, description };
}

function oneOf(values: readonly string[], description?: string): Schema {
  return description === undefined ? { enum: values } : { enum: values, description };
}

function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

const text = (description?: string): Schema =>
  description === undefined ? { type: 'string' } : { type: 'string', description };
const flag = (description: string): Schema => ({ type: 'boolean', description });
const number = (description: string): Schema => ({ type: 'integer', minimum: 0, description });
const id = (letter: string, of: string): Schema => ({
  type: 'string',
  pattern: `^${letter}[1-9][0-9]*$`,
  description: of,
});

const LINE: Schema = {
  type: 'integer',
  minimum: 1,
  description: '1-based line; the number of the record in a binary source',
};
const TIME: Schema = {
  anyOf: [{ type: 'string', pattern: '^-?[0-9]+(\\.[0-9]+)?$' }, { type: 'null' }],
  description: "decimal seconds, or ticks, of the source's own clock; null where the record has no time",
};
const BDF: Schema = { type: 'string', pattern: '^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\\.[0-7]$' };
const SOURCE_ID = id('s', 'id of a source');
const PLACE = record('a line of a source', { source: SOURCE_ID, line: LINE });
const BIND = list(oneOf(BIND_STATES), 'the states that need the fewest unobserved steps');
const CONTRACT = list(oneOf(CONTRACT_STATES));
const DEVICE = list(oneOf(TDISP_STATES));
const SEVERITY = oneOf(['error', 'warning', 'note']);

const SOURCE = record('one input, or a part of it that has a form of its own', {
  id: id('s', 'in the order given'),
  path: text('as the user typed it'),
  format: text(),
  compression: oneOf(COMPRESSIONS, 'of the input, or of the archive around it'),
  clock: text(),
  first_line: {
    ...LINE,
    description: '1-based, in the file: a file whose form changes is several sources with one path',
  },
  last_line: { ...LINE, description: 'in the file; lines of another source may stand between the two' },
  lines: number('records + continuation + skipped + unparsed'),
  records: number('entries of the log'),
  continuation: number('lines that go on an entry'),
  events: number('facts about devices'),
  skipped: number('headers and the like'),
  unparsed: number('lines that fit no form of this source'),
  lost: number('entries that the tracer says it lost'),
  first_time: TIME,
  last_time: TIME,
  platform: oneOf(PLATFORMS, 'what its devices were judged for'),
});

const CLOCK = record('how the clocks of sources relate', {
  sources: list(SOURCE_ID),
  relation: oneOf(
    ['same', 'related', 'unrelated'],
    'same, related: merged into one order; unrelated: each judged by itself',
  ),
  offsets: list(
    { type: 'string', pattern: '^-?[0-9]+\\.[0-9]+$' },
    'seconds to add to the times of each source to have them on the clock of the first one',
  ),
  error_ns: orNull({ type: 'integer', minimum: 0 }),
});

const SPAN = record('what was believed from from_time on', {
  from_time: TIME,
  to_time: TIME,
  bind: BIND,
  contract: CONTRACT,
  device: DEVICE,
  cause: orNull(PLACE),
});

const BELIEF = record('what the replay keeps of a device; its history does not make it grow past this', {
  states: { ...number('that it may be in at the end, of those of the model'), maximum: ALL_STATES.length },
  assumptions: number('unobserved steps behind these states'),
  waited: number('steps that waited for later records, the most at one time; see later-capped'),
});

const DEVICE_INFO = record("one device's life in one source, or in several that were merged", {
  id: id('d', 'in order of appearance'),
  source: { ...SOURCE_ID, description: 'the first one of the history' },
  bdf: orNull(BDF),
  pf: orNull(BDF),
  dsm: orNull(BDF),
  port: orNull(BDF),
  guest_bdf: orNull(text()),
  aliases: list(text()),
  from_time: TIME,
  to_time: TIME,
  events: number('events that concern it'),
  states: list(SPAN),
  belief: orNull(BELIEF),
});

const EVIDENCE = record('a line that proves something', {
  source: SOURCE_ID,
  line: LINE,
  end_line: LINE,
  time: TIME,
  role: oneOf(EVIDENCE_ROLES, 'exactly one is the violation'),
  event: text('kind of the event'),
  text: text('the line as it stands in the source; untrusted'),
  truncated: flag('the text was cut'),
});

const OPERATION = record('an operation by the line that begins it; source and line are null where nobody recorded it', {
  name: text('the function, or what a message tells of'),
  device: orNull(BDF),
  source: orNull(SOURCE_ID),
  line: orNull(LINE),
});

const LEGAL_ORDER = record('the smallest change of order that the model calls legal; null: none was looked for', {
  kind: oneOf(
    LEGAL_ORDER_KINDS,
    'move: what was recorded elsewhere; insert: what was not recorded; omit: leave it out; none: no such change is legal; unknown: the records do not allow to say',
  ),
  what: orNull(OPERATION),
  place: orNull(oneOf(['before', 'after'], 'where `what` would have to stand')),
  other: orNull(OPERATION),
  distance: orNull(number('recorded operations of the device that `what` jumps over')),
  also: orNull(
    record('a second change that it takes beside the first one', {
      kind: oneOf(['move', 'insert']),
      what: OPERATION,
      place: oneOf(['before', 'after']),
      other: OPERATION,
    }),
  ),
  reason: orNull(text('why there is none')),
});

const ASSUMPTION_KIND = record('what an assumption is about', {
  code: oneOf(
    ASSUMPTION_CODES,
    'unseen-steps: would excuse the step; of-record: whose a record is; premise: anything else that is taken for granted',
  ),
  record: orNull(text('the words at its beginning that name the record')),
});

const FINDING = record('a rule broken', {
  id: id('f', 'by source, line, rule, device'),
  rule: text('id of the rule'),
  verdict: oneOf(VERDICTS),
  severity: SEVERITY,
  platform: oneOf(PLATFORMS),
  device_id: id('d', 'id of a device'),
  device: orNull(BDF),
  time: TIME,
  summary: text(),
  consequence: text(),
  remedy: text(),
  bind_before: BIND,
  contract_before: CONTRACT,
  contract_after: CONTRACT,
  device_before: DEVICE,
  device_after: DEVICE,
  assumptions: list(text(), 'unobserved steps that would excuse it, and what the verdict takes for granted'),
  assumption_kinds: list(ASSUMPTION_KIND, 'what each of the assumptions is about, in the same order'),
  to_confirm: list(text()),
  legal_order: orNull(LEGAL_ORDER),
  by_later_evidence: flag('a later line made it surer'),
  caused_by: orNull(id('f', 'the finding that explains it')),
  headline: flag('counts for the exit code'),
  fingerprint: text('the same bug elsewhere has the same'),
  evidence: list(EVIDENCE),
});

const COVERAGE = record('what the capture tells about a rule and a device', {
  rule: text(),
  device_id: id('d', 'id of a device'),
  device: orNull(BDF),
  status: oneOf(['violated', 'held', 'not-applicable', 'blind']),
  triggers: number('steps that the rule judges'),
  without_effect: number('steps among them that change nothing, whatever the state: a bit is cleared that is clear'),
  findings: list(id('f', 'id of a finding')),
  missing: list(oneOf([...EVENT_CLASSES, 'platform']), 'what would have to be recorded or told to lift blind'),
});

const HEALTH = record('what is missing or doubtful', {
  code: oneOf(Object.keys(HEALTH_CODES)),
  severity: SEVERITY,
  source: orNull(SOURCE_ID),
  line: orNull(LINE),
  message: text(),
  count: number('how often'),
});

const UNRECOGNISED = record('lines of a known subsystem in an unknown wording', {
  subsystem: text(),
  text: text('the first of them; untrusted'),
  count: number('how many'),
  source: SOURCE_ID,
  line: LINE,
});

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

const ANALYSIS = record('the result of an analysis', {
  schema: { const: 'tdi-trace/analysis/1' },
  tool_version: text(),
  platform: oneOf(PLATFORMS, 'the one that an input proves, unless another one proves another'),
  platform_evidence: list(PLACE),
  from_boot: flag('the capture begins at boot, as declared'),
  complete: list(oneOf(EVENT_CLASSES), 'classes declared complete'),
  sources: list(SOURCE),
  clocks: list(CLOCK),
  devices: list(DEVICE_INFO),
  findings: list(FINDING),
  rules: list(COVERAGE),
  health: list(HEALTH),
  unrecognised: list(UNRECOGNISED),
});

/** The JSON Schema (draft 2020-12) of what `analyze --format json` prints. */
export const ANALYSIS_SCHEMA: Schema = {
  $schema: DIALECT,
  $id: 'urn:tdi-trace:analysis:1',
  title: 'tdi-trace analysis',
  ...ANALYSIS,
};

const KEY = text('place, rule and device of the finding: stays the same from line to line, where ids do not');
const PATH = orNull(text('as the user typed it'));

/** The JSON Schema of each line that `analyze --follow --format json` prints. */
export const FOLLOW_SCHEMA: Schema = {
  $schema: DIALECT,
  $id: 'urn:tdi-trace:follow:1',
  title: 'tdi-trace analyze --follow, line by line',
  oneOf: [
    record('a headline, as soon as it is certain enough; ids in it are those of the moment', {
      event: { const: 'finding' },
      key: KEY,
      path: PATH,
      line: orNull(LINE),
      finding: FINDING,
    }),
    record('later lines changed what was told', {
      event: { const: 'update' },
      key: KEY,
      path: PATH,
      line: orNull(LINE),
      caused_by: orNull(text('key of the finding that explains it')),
      was: record('what was told', { key: KEY, verdict: oneOf(VERDICTS), caused_by: orNull(KEY) }),
      finding: FINDING,
    }),
    record('later lines speak against what was told', {
      event: { const: 'withdrawn' },
      key: KEY,
      path: PATH,
      line: orNull(LINE),
    }),
    record('a loss or damage at a place: it weakens what follows', {
      event: { const: 'health' },
      path: PATH,
      health: HEALTH,
    }),
    record('the last line: the document that analyze prints without --follow', {
      event: { const: 'analysis' },
      analysis: ANALYSIS,
    }),
  ],
};
