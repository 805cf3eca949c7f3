const TASKS_MAX = 1024;

/**
 * Ends of vDEVICEs that name no device, by their task, until its next record. iommufd unbinds the TDI right when it destroys one
 * (iommufd_vdevice_destroy, drivers/iommu/iommufd/viommu.c of series v5), and probes do not tell what is inside.
 */
export class VdeviceEnds {
  readonly #open = new Map<string, number>();

  begin(task: string, entity: number): void {
    if (this.#open.size < TASKS_MAX) this.#open.set(task, entity);
  }

  /** Takes what the task was about to end when it made its record before this one; null: nothing. */
  take(task: string): number | null {
    const entity = this.#open.get(task) ?? null;
    if (entity !== null) this.#open.delete(task);
    return entity;
  }

  /** The call returned: what comes now is not inside. */
  over(entity: number): void {
    for (const [task, ended] of this.#open) if (ended === entity) this.#open.delete(task);
  }

  clear(): void {
    this.#open.clear();
  }

  /** A copy that goes its own way. */
  fork(): VdeviceEnds {
    const copy = new VdeviceEnds();
    for (const [task, entity] of this.#open) copy.#open.set(task, entity);
    return copy;
  }
}
