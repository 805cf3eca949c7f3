import { ByteWriter, type EventDefinition, entry, type Machine } from './trace-dat-writer.ts';

// Formats as kernels 6.x and 7.x write them, and records of them.

const ids = {
  function: 1,
  funcgraph_exit: 10,
  funcgraph_entry: 11,
  console: 40,
  map: 1041,
  probe: 1236,
  ret: 1237,
} as const;

/** Offsets depend on the size of a long. */
export function eventDefinitions({ longSize: long }: Machine): EventDefinition[] {
  return [
    {
      system: 'ftrace',
      name: 'function',
      id: ids.function,
      fields: [
        ['unsigned long ip', 8, long, 0],
        ['unsigned long parent_ip', 8 + long, long, 0],
      ],
      print: '" %ps <-- %ps", (void *)REC->ip, (void *)REC->parent_ip',
    },
    {
      system: 'ftrace',
      name: 'funcgraph_entry',
      id: ids.funcgraph_entry,
      fields: [
        ['unsigned long func', 8, long, 0],
        ['int depth', 8 + long, 4, 1],
      ],
      print: '"--> %ps (%d)", (void *)REC->func, REC->depth',
    },
    {
      system: 'ftrace',
      name: 'funcgraph_exit',
      id: ids.funcgraph_exit,
      fields: [
        ['unsigned long func', 8, long, 0],
        ['unsigned long retval', 8 + long, long, 0],
        ['int depth', 8 + 2 * long, 4, 1],
        ['unsigned int overrun', 12 + 2 * long, 4, 0],
        ['unsigned long long calltime', 16 + 2 * long, 8, 0],
        ['unsigned long long rettime', 24 + 2 * long, 8, 0],
      ],
      print: '"<-- %ps (%d)", (void *)REC->func, REC->depth',
    },
    {
      system: 'printk',
      name: 'console',
      id: ids.console,
      fields: [['__data_loc char[] msg', 8, 4, 0]],
      print: '"%s", __get_str(msg)',
    },
    {
      system: 'iommu',
      name: 'map',
      id: ids.map,
      fields: [
        ['u64 iova', 8, 8, 0],
        ['u64 paddr', 16, 8, 0],
        ['size_t size', 24, long, 0],
      ],
      print:
        '"IOMMU: iova=0x%016llx - 0x%016llx paddr=0x%016llx size=%zu", REC->iova, REC->iova + REC->size, REC->paddr, REC->size',
    },
    {
      system: 'kprobes',
      name: 'flr',
      id: ids.probe,
      fields: [
        ['unsigned long __probe_ip', 8, long, 0],
        ['__data_loc char[] bdf', 8 + long, 4, 1],
        ['u64 dev', 12 + long, 8, 0],
      ],
      print: '"(%lx) bdf=\\"%s\\" dev=0x%Lx", REC->__probe_ip, __get_str(bdf), REC->dev',
    },
    {
      system: 'kprobes',
      name: 'flr_ret',
      id: ids.ret,
      fields: [
        ['unsigned long __probe_func', 8, long, 0],
        ['unsigned long __probe_ret_ip', 8 + long, long, 0],
        ['s32 ret', 8 + 2 * long, 4, 1],
      ],
      print: '"(%lx <- %lx) ret=%d", REC->__probe_func, REC->__probe_ret_ip, REC->ret',
    },
  ];
}

/** Makes the records of the events above. */
export class Records {
  readonly #machine: Machine;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  call(pid: number, ip: bigint, parent: bigint): Buffer {
    const { longSize } = this.#machine;
    return this.#entry(ids.function, pid).number(ip, longSize).number(parent, longSize).done();
  }

  enter(pid: number, func: bigint, depth: number): Buffer {
    return this.#entry(ids.funcgraph_entry, pid).number(func, this.#machine.longSize).number(depth, 4).done();
  }

  leave(pid: number, func: bigint, depth: number, retval: bigint, from: bigint, to: bigint): Buffer {
    const { longSize } = this.#machine;
    const writer = this.#entry(ids.funcgraph_exit, pid).number(func, longSize).number(retval, longSize);
    return writer.number(depth, 4).number(0, 4).number(from, 8).number(to, 8).done();
  }

  console(pid: number, text: string): Buffer {
    return this.#dynamic(this.#entry(ids.console, pid), text, new ByteWriter(this.#machine));
  }

  map(pid: number, iova: bigint, paddr: bigint, size: bigint): Buffer {
    const writer = this.#entry(ids.map, pid).number(iova, 8).number(paddr, 8);
    return writer.number(size, this.#machine.longSize).done();
  }

  probe(pid: number, ip: bigint, bdf: string, dev: bigint): Buffer {
    const writer = this.#entry(ids.probe, pid).number(ip, this.#machine.longSize);
    return this.#dynamic(writer, bdf, new ByteWriter(this.#machine).number(dev, 8));
  }

  returned(pid: number, func: bigint, to: bigint, ret: number): Buffer {
    const { longSize } = this.#machine;
    return this.#entry(ids.ret, pid).number(func, longSize).number(to, longSize).number(ret, 4).done();
  }

  #entry(id: number, pid: number): ByteWriter {
    return entry(this.#machine, id, pid, 1, 2);
  }

  /** A string behind the fixed fields, of which `more` follow its place. */
  #dynamic(writer: ByteWriter, text: string, more: ByteWriter): Buffer {
    const length = text.length + 1;
    const place = writer.length + 4 + more.length;
    writer.number((length << 16) | place, 4);
    return writer.bytes(more.done()).text(`${text}\0`).done();
  }
}
