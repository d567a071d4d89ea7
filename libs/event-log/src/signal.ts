/** Lets one loop wait for a call from elsewhere or for time to pass. A call while nobody waits is remembered. */
export class Signal {
  private pending = false;
  private release: (() => void) | undefined;

  notify(): void {
    this.pending = true;
    this.release?.();
  }

  /** Resolves at the next `notify` (at once if there was one since the last wait), at the latest after `ms`. */
  async wait(ms: number): Promise<void> {
    if (!this.pending) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.release = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.release = undefined;
    this.pending = false;
  }

  /** Lets `ms` pass whatever is notified, unless `ended` then says so. */
  async sleep(ms: number, ended: () => boolean): Promise<void> {
    const until = performance.now() + ms;
    for (let left = ms; left > 0 && !ended(); left = until - performance.now()) await this.wait(left);
    this.pending = true;
  }
}
