// A sleep that events end early.

/** Sleeps until it is woken, by the clock at the latest. */
export class Alarm {
  #wake: () => void = () => undefined;
  #isDue = false;

  /** A ring that comes while nobody sleeps is kept for the next sleep. */
  ring(): void {
    this.#isDue = true;
    this.#wake();
  }

  async sleep(ms: number): Promise<void> {
    if (!this.#isDue) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        timer = setTimeout(resolve, ms);
      });
      clearTimeout(timer);
    }
    this.#isDue = false;
  }
}
