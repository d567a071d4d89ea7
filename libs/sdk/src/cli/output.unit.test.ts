import { describe, expect, it } from '@jest/globals';
import { billingExplain, exampleOf, tokensRevoke, type OutputOf } from '@tollgate/contracts';
import { failureOf, UsageError } from './failures.ts';
import { fieldOf, inOrderOf, renderAnswer } from './output.ts';

describe('an answer on a terminal', () => {
  it('shows a list as a table with the columns of its kind', async () => {
    const items = [
      { id: 'acc_1', name: 'Ada', kind: 'member', role: 'owner', status: 'active', email: null, version: 1 },
      { id: 'acc_22', name: null, kind: 'service', role: 'member', status: 'active', email: 'a@b.example', version: 1 },
    ];
    const lines = (await renderAnswer('accounts.list', { items, nextCursor: 'c1' }))
      .split('\n')
      .map((line) => line.trim());
    expect(lines.map((line) => line.split(/\s+/))).toEqual([
      ['id', 'name', 'kind', 'role', 'status', 'email'],
      ['acc_1', 'Ada', 'member', 'owner', 'active', '-'],
      ['acc_22', '-', 'service', 'member', 'active', 'a@b.example'],
      ['There', 'are', 'more:', '--cursor', 'c1'],
    ]);
  });

  it('shows a list without pages with what its items have', async () => {
    const lines = (await renderAnswer('leaks.report', [{ token_hash: 'a', label: 'b' }])).split('\n');
    expect(lines.map((line) => line.trim().split(/\s+/))).toEqual([
      ['token_hash', 'label'],
      ['a', 'b'],
    ]);
  });

  it('says when a list is empty', async () => {
    expect(await renderAnswer('tokens.list', { items: [], nextCursor: null })).toBe('There are none.');
  });

  it('shows fields by their path, money with its currency, lists in one line', async () => {
    const answer = {
      recurring: { amount: '1900', currency: 'EUR' },
      firstPeriod: { policy: 'second.v1' },
      spaces: ['spc_1', 'spc_2'],
      teamId: null,
    };
    expect(await renderAnswer('billing.quote', answer)).toBe(
      [
        'recurring           19.00 EUR',
        'firstPeriod.policy  second.v1',
        'spaces              spc_1, spc_2',
        'teamId              -',
      ].join('\n'),
    );
  });

  it('shows an interval by its ends', async () => {
    const period = { index: 0, start: '2026-12-31T23:00:00.000Z', end: '2027-01-31T23:00:00.000Z' };
    expect(await renderAnswer('billing.statements', { items: [{ no: 1, period }] })).toContain(
      '2026-12-31T23:00:00.000Z … 2027-01-31T23:00:00.000Z',
    );
  });

  it('explains a line from top to bottom: the amount, its events, its price, the arithmetic step by step', async () => {
    const answer = exampleOf(billingExplain).output as OutputOf<typeof billingExplain>;
    const lines = (await renderAnswer('billing.explain', answer)).split('\n');
    expect(lines[0]).toBe('Line 1 of statement 1: 14.16 EUR');
    expect(lines).toContain('  1234  2027-01-14T09:30:00.000Z  TokenCreated  evt_01jd0000000000000000000000');
    expect(lines).toContain(`  1. ${answer.steps[0]}`);
    expect(lines.at(-1)).toBe('Worked out again, it is the same.');
    const wrong = await renderAnswer('billing.explain', { ...answer, differences: ['the amount is 1'] });
    expect(wrong).toMatch(/NOT the same:\n {2}the amount is 1$/);
  });

  it('says of a secret that it is shown this once, and of a replayed one that it is gone', async () => {
    const shown = await renderAnswer('tokens.create', { token: { id: 'tok_1' }, secret: 'sk_live_x', position: 4 });
    expect(shown.split('\n').slice(2)).toEqual(['', 'sk_live_x', expect.stringMatching(/shown this once/)]);
    const replayed = await renderAnswer('tokens.create', {
      token: { id: 'tok_1' },
      secret: null,
      secretAlreadyShown: true,
    });
    expect(replayed).toContain('cannot be read again');
    expect(replayed).not.toContain('null');
  });

  it('keeps the order of the definition, whatever order the answer has', () => {
    const answer = { barrier: 1, later: 2, position: 3, token: { version: 4, name: 'x', id: 'tok_1' } };
    const ordered = inOrderOf(tokensRevoke.output, answer);
    expect(JSON.stringify(ordered)).toBe(
      '{"token":{"id":"tok_1","name":"x","version":4},"position":3,"barrier":1,"later":2}',
    );
  });

  it('shows what stands beside a list below it', async () => {
    const held = { space: { id: 'spc_1', name: 'Sales' }, permissions: ['*'], administers: true };
    const team = { id: 'tea_1', name: 'Robots', policy: {}, projects: [] };
    const shown = (await renderAnswer('tokens.inherited-permissions', { items: [held], team })).split('\n');
    expect(shown.map((line) => line.trimEnd())).toEqual([
      ' space  permissions  administers',
      ' Sales  *            true',
      '',
      'team.id        tea_1',
      'team.name      Robots',
      'team.policy    -',
      'team.projects  -',
    ]);
    expect(await renderAnswer('tokens.inherited-permissions', { items: [], team: null })).toBe(
      'There are none.\n\nteam  -',
    );
  });

  it('shows the file of another program as that file', async () => {
    const file = { servers: { acme: { headers: { Authorization: 'Bearer ${input:agent_token}' } } } };
    expect(JSON.parse(await renderAnswer('tokens.mcp-json', file))).toEqual(file);
    expect(await renderAnswer('tokens.mcp-json', { a: '\u009b' })).toBe('{\n  "a": "\u{fffd}"\n}');
  });

  it('lets no control character through', async () => {
    expect(await renderAnswer('orgs.get', { name: 'a\u001b[2Jb' })).toBe('name  a\u{fffd}[2Jb');
  });
});

describe('a failure', () => {
  it('is code and detail, the wrong fields below, with status 1', () => {
    const refusal = Object.assign(new Error('Look.'), {
      name: 'TollgateError',
      code: 'INVALID_INPUT',
      errors: [
        { path: 'scope.spaceId', message: 'is required' },
        { path: '', message: 'must be an object' },
      ],
    });
    expect(failureOf(refusal)).toEqual({
      status: 1,
      text: 'INVALID_INPUT: Look.\n  scope.spaceId: is required\n  input: must be an object',
    });
  });

  it('has status 2 for wrong usage and 1 for anything else', () => {
    expect(failureOf(new UsageError('Use --yes.'))).toEqual({ status: 2, text: 'Use --yes.' });
    expect(failureOf(new Error('broken'))).toEqual({ status: 1, text: 'broken' });
  });
});

describe('--print', () => {
  const answer = { org: { id: 'org_1', version: 3 }, items: [{ id: 'a' }], none: null };

  it.each([
    ['org.id', 'org_1'],
    ['org.version', '3'],
    ['items.0.id', 'a'],
    ['none', 'null'],
    ['org', '{"id":"org_1","version":3}'],
  ])('%s is one field alone', (path, printed) => expect(fieldOf(answer, path)).toBe(printed));

  it.each(['org.name', 'nothing', 'org.id.length', '__proto__', 'items.1'])('refuses %s, which is not there', (path) =>
    expect(() => fieldOf(answer, path)).toThrow('has no field'),
  );
});
