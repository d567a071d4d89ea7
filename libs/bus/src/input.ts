import { TollgateError, type AnyOperation, type InputError, type InputOf } from '@tollgate/contracts';
import { maskSecrets } from '@tollgate/telemetry';
import type { z } from 'zod';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const errorsMax = 50;

/** The value of a body; an empty one is an empty object. @throws TollgateError INVALID_JSON */
export function parseBody(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    throw new TollgateError('INVALID_JSON', 'The body is not valid JSON. Send one JSON object in UTF-8.');
  }
}

/**
 * The input as the handler receives it: checked, with defaults applied.
 * @throws TollgateError INVALID_INPUT with one entry per wrong place
 */
export function parseInput<Op extends AnyOperation>(operation: Op, value: unknown): InputOf<Op> {
  const result = (operation as AnyOperation).input.safeParse(value) as z.ZodSafeParseResult<InputOf<Op>>;
  if (result.success) return result.data;
  throw invalidInput(inputErrors(result.error.issues));
}

/** The refusal for wrong places in an input. */
export function invalidInput(errors: InputError[]): TollgateError {
  const [first] = errors;
  const more = errors.length > 1 ? ` And ${errors.length - 1} more: see errors.` : '';
  const detail = first
    ? `${first.path === '' ? 'The input' : first.path} ${first.message}.${more}`
    : 'The input is not acceptable.';
  return new TollgateError('INVALID_INPUT', detail, errors);
}

/** Names every wrong place as `scope.spaceId` or `tokens[3].digest`. Says what is expected, never what came. */
export function inputErrors(issues: readonly z.core.$ZodIssue[]): InputError[] {
  return issues.flatMap(describeIssue).slice(0, errorsMax);
}

function describeIssue(issue: z.core.$ZodIssue): InputError[] {
  const at = (path: readonly PropertyKey[], message: string): InputError => ({ path: pathText(path), message });
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => at([...issue.path, key], 'is not a known field'));
    case 'invalid_type':
      // The message alone tells absence from a wrong type: finalised issues hold no input.
      return [
        at(
          issue.path,
          issue.message.endsWith('received undefined') ? 'is required' : `must be ${expectedText(issue.expected)}`,
        ),
      ];
    case 'invalid_value':
      return [
        at(
          issue.path,
          `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map((value) => JSON.stringify(value)).join(', ')}`,
        ),
      ];
    case 'invalid_union':
      return describeUnion(issue, at);
    case 'too_small':
    case 'too_big':
      return [at(issue.path, isOwnMessage(issue.message) ? issue.message : sizeText(issue))];
    default:
      return [at(issue.path, isOwnMessage(issue.message) ? issue.message : 'does not have the expected form')];
  }
}

type At = (path: readonly PropertyKey[], message: string) => InputError;

/** The branch that came closest speaks: of those with the right type, the one with the fewest complaints. */
function describeUnion(issue: z.core.$ZodIssueInvalidUnion, at: At): InputError[] {
  const branches = issue.errors.filter((branch) => branch.some((inner) => inner.path.length > 0));
  const [closest] = branches.toSorted((a, b) => a.length - b.length);
  if (!closest) return [at(issue.path, 'does not have one of the accepted forms')];
  return closest.flatMap((inner) =>
    describeIssue({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue),
  );
}

/** Messages of the contracts start in lower case ("must be …"); the library's own start with a capital. */
const isOwnMessage = (message: string): boolean => /^[a-z]/.test(message);

function expectedText(expected: string): string {
  if (expected === 'int') return 'a whole number';
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function sizeText(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const [word, bound] = issue.code === 'too_small' ? ['at least', issue.minimum] : ['at most', issue.maximum];
  const exclusive = issue.inclusive === false;
  if (issue.origin === 'string') return `must have ${word} ${bound} characters`;
  if (issue.origin === 'array' || issue.origin === 'set') return `must have ${word} ${bound} entries`;
  if (exclusive) return `must be ${issue.code === 'too_small' ? 'more' : 'less'} than ${bound}`;
  return `must be ${word} ${bound}`;
}

/** Keys come from the caller: they are cut, and masked in case one is a secret. */
function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${String(part)}`;
  return maskSecrets(text).slice(0, 200);
}
