import { hintOf, parseSecret } from '@tollgate/credential';
import { UsageError } from '../failures.ts';
import { complain, readStandardInput, setStatus, write } from '../process.ts';

/**
 * `tollgate token format SECRET`: says offline whether the text is a secret that Tollgate may have minted, and its parts,
 * never the text itself. `-` reads it from standard input. Exit status 1 for anything else.
 */
export async function tokenFormat(argument: string, options: { json?: boolean }): Promise<void> {
  const text = argument === '-' ? (await readStandardInput()).trim() : argument;
  if (text === '') throw new UsageError('The text is empty: give a secret.');
  const parsed = parseSecret(text);
  if (parsed.kind !== 'well-formed') {
    const [reason, sentence] =
      parsed.kind === 'malformed'
        ? [
            'checksum',
            'Malformed: it has the shape of a secret, but its checksum is wrong, so it was mistyped or made up.',
          ]
        : ['shape', 'Not in the form of a Tollgate secret. It could only be an imported key.'];
    if (options.json) write(JSON.stringify({ wellFormed: false, reason }));
    else complain(sentence);
    setStatus(1);
    return;
  }
  const { prefix, environment } = parsed;
  const hint = hintOf(text);
  if (options.json) write(JSON.stringify({ wellFormed: true, prefix, environment, hint }));
  else
    write(
      ['well-formed', `prefix       ${prefix}`, `environment  ${environment ?? '-'}`, `hint         ${hint}`].join(
        '\n',
      ),
    );
}
