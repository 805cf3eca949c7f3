// Tables are private, the v_* views are the public API (src/timeline/schema-doc.ts describes every column).
// STRICT, so that a column holds what it says. A CHECK finds a writer of ours that errs: test/timeline/checks.test.ts asks for them,
// since they are off while a timeline is written. In a file from elsewhere, which is opened for reading only, no pragma tests them
// (SQLite 3.54 parses them only where it may write), so readers do.

const LOG_TABLES = [
  `create table source (
    id integer primary key,
    path text not null,
    format text not null,
    compression text not null check (compression in ('none', 'gzip', 'xz', 'zstd', 'bzip2', 'deflate')),
    clock text not null,
    time_unit text not null check (time_unit in ('ns', 'ticks')),
    first_line integer not null,
    last_line integer not null,
    lines integer not null,
    records integer not null,
    continuation integer not null,
    events integer not null,
    skipped integer not null,
    unparsed integer not null,
    lost integer not null,
    first_time integer,
    last_time integer,
    clock_group integer,
    clock_offset integer not null default 0,
    clock_error integer
  ) strict`,
  `create table device (
    id integer primary key,
    source_id integer not null,
    bdf text,
    pf text,
    dsm text,
    guest_bdf text,
    aliases text not null,
    certainty text not null check (certainty in ('exact', 'inherited', 'none')),
    from_time integer,
    to_time integer,
    events integer not null
  ) strict`,
  // What records name a device by; several may turn out to be one device, long after their events were stored.
  `create table entity (
    id integer primary key,
    source_id integer not null,
    device_id integer,
    certainty text not null default 'none' check (certainty in ('exact', 'inherited', 'maybe', 'none'))
  ) strict`,
  // Of an entity that is `maybe`: the devices that it may be.
  `create table candidate (
    entity_id integer not null,
    device_id integer not null,
    primary key (entity_id, device_id)
  ) strict, without rowid`,
  `create table event (
    id integer primary key,
    source_id integer not null,
    line integer not null,
    end_line integer not null,
    time integer,
    cpu integer,
    task text,
    pid integer,
    kind text not null,
    phase text not null check (phase in ('enter', 'exit', 'point')),
    outcome text not null check (outcome in ('ok', 'failed', 'unknown', 'void')),
    code integer,
    symbol text,
    args text not null,
    text text not null,
    truncated integer not null check (truncated in (0, 1)),
    entity_id integer,
    parent_id integer,
    root_id integer,
    pair_id integer,
    superseded_by integer,
    duplicate_of integer
  ) strict`,
  `create table health (
    id integer primary key,
    source_id integer,
    code text not null,
    line integer,
    message text not null,
    count integer not null
  ) strict`,
  `create table unrecognised (
    id integer primary key,
    source_id integer not null,
    subsystem text not null,
    text text not null,
    count integer not null,
    line integer not null
  ) strict`,
];

// Public ids (d1, s1, f1) instead of row numbers: these rows are the analysis document, cut up for SQL.
const ANALYSIS_TABLES = [
  `create table analysis (
    id integer primary key check (id = 1),
    document text not null
  ) strict`,
  `create table state (
    id integer primary key,
    device_id text not null,
    bdf text,
    from_time integer,
    to_time integer,
    bind text not null,
    contract text not null,
    device text not null,
    cause_source text,
    cause_line integer
  ) strict`,
  `create table finding (
    id text primary key,
    rule text not null,
    verdict text not null,
    severity text not null,
    platform text not null,
    device_id text not null,
    device text,
    time integer,
    summary text not null,
    consequence text not null,
    remedy text not null,
    bind_before text not null,
    contract_before text not null,
    contract_after text not null,
    device_before text not null,
    device_after text not null,
    assumptions text not null,
    to_confirm text not null,
    by_later_evidence integer not null,
    caused_by text,
    headline integer not null,
    fingerprint text not null
  ) strict`,
  `create table evidence (
    id integer primary key,
    finding_id text not null,
    source text not null,
    line integer not null,
    end_line integer not null,
    time integer,
    role text not null,
    event text not null,
    text text not null,
    truncated integer not null
  ) strict`,
  `create table rule (
    id integer primary key,
    rule text not null,
    device_id text not null,
    device text,
    status text not null,
    triggers integer not null,
    findings text not null,
    missing text not null
  ) strict`,
  `create table analysis_health (
    id integer primary key,
    code text not null,
    severity text not null,
    source text,
    line integer,
    message text not null,
    count integer not null
  ) strict`,
];

const VIEWS = [
  `create view v_source as
    select 's' || id as source, path, format, compression, clock, time_unit, first_line, last_line, lines, records,
      continuation, events, skipped, unparsed, lost, first_time, last_time, 's' || coalesce(clock_group, id) as timeline,
      clock_offset, clock_error
    from source`,
  `create view v_device as
    select 'd' || id as device_id, 's' || source_id as source, bdf, pf, dsm, guest_bdf, aliases, certainty, from_time,
      to_time, events
    from device`,
  `create view v_event as
    select e.id as event_id, 's' || e.source_id as source, e.line as line, e.time as time, e.cpu as cpu, e.task as task,
      e.pid as pid, e.kind as kind, e.phase as phase, e.outcome as outcome, 'd' || n.device_id as device_id, d.bdf as bdf,
      e.args as args, e.text as text
    from event e left join entity n on n.id = e.entity_id left join device d on d.id = n.device_id`,
  `create view v_maybe as
    select e.id as event_id, 's' || e.source_id as source, e.line as line, 'd' || c.device_id as device_id, d.bdf as bdf
    from event e join candidate c on c.entity_id = e.entity_id join device d on d.id = c.device_id`,
  `create view v_duplicate as
    select e.id as event_id, 's' || e.source_id as source, e.line as line, o.id as original_id,
      's' || o.source_id as original_source, o.line as original_line
    from event e join event o on o.id = e.duplicate_of`,
  `create view v_state as
    select device_id, bdf, from_time, to_time, bind, contract, device, cause_source, cause_line
    from state`,
  `create view v_finding as
    select id, rule, verdict, severity, platform, device_id, device, time, summary, consequence, remedy, bind_before,
      contract_before, contract_after, device_before, device_after, assumptions, to_confirm, by_later_evidence, caused_by,
      headline, fingerprint
    from finding`,
  `create view v_evidence as
    select finding_id, source, line, end_line, time, role, event, text, truncated
    from evidence`,
  `create view v_rule as
    select rule, device_id, device, status, triggers, findings, missing
    from rule`,
  `create view v_health as
    select code, severity, source, line, message, count
    from analysis_health`,
];

/** What was read from the logs, what was concluded from it, and the views on both. */
export const statements: readonly string[] = [...LOG_TABLES, ...ANALYSIS_TABLES, ...VIEWS];
