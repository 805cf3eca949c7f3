import { describe, expect, test } from 'vitest';
import { EventList } from '../../src/replay/event-list.ts';
import { oneCpuSources } from '../../src/replay/one-cpu.ts';
import { storedEvent, storedSource } from './stored-event.ts';

describe('traces of one CPU', () => {
  const found = (path: string, ...cpus: readonly (number | null)[]) => {
    const events = cpus.map((cpu, id) => storedEvent('pci.flr', { id: id + 1, cpu }));
    return oneCpuSources(new EventList([storedSource(1, { path })], [], events)).has(1);
  };

  test.each([
    'per_cpu/cpu0/trace',
    '/sys/kernel/tracing/per_cpu/cpu12/trace_pipe',
    'C:\\log\\per_cpu\\cpu3\\trace',
    'sos.tar.xz/sys/kernel/tracing/per_cpu/cpu1/trace',
  ])('stand where the tracer keeps them: %s', (path) => {
    expect(found(path, 0, 1)).toBe(true);
  });

  test.each([
    'super_cpu/cpu0/trace',
    'per_cpu/cpux/trace',
    'per_cpu/cpu123456/trace',
    'per_cpu/cpu0',
    'per_cpu/xcpu0/t',
  ])('do not stand elsewhere: %s', (path) => {
    expect(found(path, 0, 1)).toBe(false);
  });

  test.each(['cpu1.txt', 'trace.cpu-1.gz', 'logs/trace_cpu_1', 'CPU1', 'x/cpu1', 'cpu0001.log'])(
    'have a name that says so, and records of no other: %s',
    (path) => {
      expect(found(path, 1, 1)).toBe(true);
      expect(found(path, 1, 2)).toBe(false);
      expect(found(path, 0, 1)).toBe(false);
      expect(found(path, 2)).toBe(false);
      expect(found(path, null)).toBe(false);
    },
  );

  test.each(['gcpu1.txt', 'cpu1/trace.txt', 'cpu.txt', 'cpu--1.txt', 'cpu1234567.txt'])(
    'have no such name: %s',
    (path) => {
      expect(found(path, 1)).toBe(false);
    },
  );

  test('are told apart from others', () => {
    const events = [
      storedEvent('pci.flr', { id: 1, sourceId: 1, cpu: 1 }),
      storedEvent('pci.flr', { id: 2, sourceId: 2, cpu: 1 }),
    ];
    const sources = [
      storedSource(1, { path: 'cpu1.txt' }),
      storedSource(2, { path: 'trace.txt' }),
      storedSource(3, { path: 'per_cpu/cpu0/t' }),
    ];
    expect([...oneCpuSources(new EventList(sources, [], events))].sort()).toEqual([1, 3]);
  });
});
