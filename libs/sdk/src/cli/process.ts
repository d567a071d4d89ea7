/** Prints a line on stdout. */
export function write(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a line on stderr. */
export function complain(text: string): void {
  process.stderr.write(`${text}\n`);
}

let status: 0 | 1 | 2 = 0;

/** The exit status of a command that did its work but has bad news. */
export function setStatus(wanted: 1): void {
  status = wanted;
}

export function exitStatus(): 0 | 1 | 2 {
  return status;
}

export async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
