import type { HealthItem } from '../base/health.ts';

/** @param count -1 where the tracer does not know how many. */
export function lostOnCpu(cpu: number, count: number): string {
  return `CPU ${cpu} lost ${count < 0 ? 'an unknown number of' : count} events here`;
}

export function startedOnCpu(cpu: number): string {
  return `CPU ${cpu} has no entries before this line`;
}

const OF_CPU = /^CPU (\d{1,5}) (?:lost|has no entries) /;

/** The CPU whose buffer, and no other one, lost what the row tells of; null where the row names none. */
export function cpuOfLoss({ code, message }: Pick<HealthItem, 'code' | 'message'>): number | null {
  if (code !== 'events-lost' && code !== 'buffer-started') return null;
  const cpu = OF_CPU.exec(message)?.[1];
  return cpu === undefined ? null : Number(cpu);
}
