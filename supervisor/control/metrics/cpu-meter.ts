/**
 * Adds up processor time over the lives of a unit's processes, so that the sum never falls: what an ended process took
 * stays in it. What it took after the last look at it is not known, and missing.
 */
export class CpuMeter {
  readonly #seconds = new Map<string, number>();
  /** What each invocation had taken at the last look. */
  readonly #last = new Map<string, number>();

  /** `loads`: of all live invocations; one that is not among them has ended. */
  look(loads: readonly Readonly<{ unit: string; invocation: string; cpuSeconds: number }>[]): void {
    const live = new Set(loads.map(({ invocation }) => invocation));
    for (const invocation of this.#last.keys()) if (!live.has(invocation)) this.#last.delete(invocation);
    for (const { unit, invocation, cpuSeconds } of loads) {
      // A child that ended takes its share away from the tree.
      const growth = Math.max(0, cpuSeconds - (this.#last.get(invocation) ?? 0));
      this.#seconds.set(unit, (this.#seconds.get(unit) ?? 0) + growth);
      this.#last.set(invocation, cpuSeconds);
    }
  }

  secondsOf(unit: string): number {
    return Math.round((this.#seconds.get(unit) ?? 0) * 1000) / 1000;
  }
}
