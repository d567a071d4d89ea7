import { textMax, tokenMax, type VerifyRequest } from './operations/verifier.ts';
import { idPattern } from './values.ts';

const spacePattern = idPattern('spc');

/**
 * Whether a value is a request to verify as callers send them by the thousand: nothing that may have to be waited for, and
 * no doubt about its shape. Whatever this accepts, the schema `VerifyRequest` accepts too and gives back as it is, which takes
 * it ten times as long; of everything else the schema says what it is. A property test holds the two together.
 */
export function isPlainVerifyRequest(value: unknown): value is VerifyRequest {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const name in value) if (!isPlainField(name, (value as Record<string, unknown>)[name])) return false;
  return true;
}

function isPlainField(name: string, value: unknown): boolean {
  if (typeof value !== 'string') return false;
  switch (name) {
    case 'token':
      return value.length <= tokenMax;
    case 'space':
      return spacePattern.test(value);
    case 'environment':
      return value === 'live' || value === 'test';
    case 'resource':
    case 'operation':
    case 'method':
    case 'path':
    case 'project':
    case 'tool':
    case 'product':
      return value.length <= textMax;
    default:
      return false;
  }
}
