import { expect } from '@jest/globals';
import type { ErrorCode } from '@tollgate/contracts';
import type { Answer } from './api.ts';

/** What a refusal must say; `path` only where one place of the input is wrong. */
export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  readonly path?: string;
}

/** The answer is an RFC 9457 problem with this code, and one of its errors names this place. */
export function expectProblem(answer: Answer, { status, code, path }: Refusal): void {
  const type = expect.stringMatching(/^https:/);
  const said = expect.stringMatching(/\S/);
  expect(answer).toMatchObject({ status, body: { type, title: said, status, code, detail: said, requestId: said } });
  if (path === undefined) return;
  expect(answer.body.errors).toEqual(expect.arrayContaining([{ path, message: said }]));
}

/** The same of an answer over HTTP, whose media type says so too. */
export function expectHttpProblem(answer: Answer, refusal: Refusal): void {
  expectProblem(answer, refusal);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
}
