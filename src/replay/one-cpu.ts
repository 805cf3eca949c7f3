import type { RecordedEvents } from './recorded.ts';

/** What the tracer keeps of each CPU (kernel/trace/trace.c, tracing_init_tracefs_percpu), also as a member of an archive. */
const PER_CPU = /(?:^|[/\\])per_cpu[/\\]cpu(\d{1,5})[/\\]/;
/** A copy of such a file that says so by its name, like `cpu0.txt` and `trace.cpu-12.gz`. */
const NAMED = /(?:^|[^a-z0-9])cpu[-_]?(\d{1,5})(?!\d)[^/\\]*$/i;

/**
 * Traces that hold the records of one CPU: what other CPUs did between any two of them is missing, and a task may go from one
 * CPU to another inside a call. A file is one by where it stands, or by its name if all of its records are of that CPU.
 */
export function oneCpuSources(recorded: RecordedEvents): ReadonlySet<number> {
  const found = new Set<number>();
  const named = new Map<number, number>();
  for (const { id, path } of recorded.sources()) {
    if (PER_CPU.test(path)) found.add(id);
    const cpu = NAMED.exec(path)?.[1];
    if (cpu !== undefined) named.set(id, Number(cpu));
  }
  if (named.size === 0) return found;
  const cpus = recorded.cpus();
  for (const [id, cpu] of named) {
    const of = cpus.get(id);
    if (of !== undefined && of.lowest === cpu && of.highest === cpu) found.add(id);
  }
  return found;
}
