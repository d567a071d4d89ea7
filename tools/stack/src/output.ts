/** What the launcher prints. One sentence a line, no control characters: it reads the same in a terminal and in a file. */
export interface Output {
  line(text: string): void;
  /** Runs a step and prints its name, what it came to (the text it returns) and how long it took. */
  step<T>(name: string, work: () => Promise<T>, describe?: (result: T) => string): Promise<T>;
}

/** An output on any sink of text. */
export function createOutput(write: (text: string) => void): Output {
  /** True while a step's name stands in a line that is not ended yet. */
  let open = false;
  const line = (text: string) => {
    write(open ? `\n${text}\n` : `${text}\n`);
    open = false;
  };
  return {
    line,
    async step(name, work, describe) {
      const startedAt = performance.now();
      write(`${name} … `);
      open = true;
      try {
        const result = await work();
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
        const outcome = `${describe ? `${describe(result)} ` : ''}(${seconds} s)`;
        write(open ? `${outcome}\n` : `${name}: ${outcome}\n`);
        return result;
      } catch (error) {
        if (open) write('\n');
        throw error;
      } finally {
        open = false;
      }
    },
  };
}
