import { describe, expect, it } from '@jest/globals';
import { fromProblem, isTollgateError, statusOf, TollgateError, toProblem, type Problem } from './errors.ts';

describe('a problem document', () => {
  it('gives the refusal again that it was made of', () => {
    const errors = [{ path: 'name', message: 'must not be empty' }];
    const refusal = fromProblem(
      toProblem(new TollgateError('INVALID_INPUT', 'name must not be empty.', errors), 'r-1'),
    );
    expect(refusal).toMatchObject({ code: 'INVALID_INPUT', message: 'name must not be empty.', errors });
  });

  it.each(['NO_SUCH_CODE', 'constructor', '__proto__'])('with the code %s is an error that says nothing', (code) => {
    const refusal = fromProblem({ code, detail: 'from somewhere else' } as unknown as Problem);
    expect([refusal.code, statusOf(refusal.code)]).toEqual(['INTERNAL', 500]);
    expect(isTollgateError(Object.assign(new Error(), { name: 'TollgateError', code }))).toBe(false);
  });
});
