import { describe, expect, it } from '@jest/globals';
import { Instant, Line, Name, Reason, WebUrl } from './values.ts';

describe('text', () => {
  it.each(['a\0b', 'a\u001b[31m', 'a\nb', 'a\u0085b', 'a\ud800b', '\udc00', ''])('%j is none that is kept', (text) => {
    for (const kind of [Name, Reason, Line(200)]) expect(kind.safeParse(text).success).toBe(false);
    expect(WebUrl.safeParse(`https://example.com/${text}`).success).toBe(text === '');
  });
  it.each(['a', 'Zoë', '日本', '🦊', 'e\u0301'])('%j is kept as it is', (text) => {
    for (const kind of [Name, Reason, Line(200)]) expect(kind.parse(text)).toBe(text);
  });
});

describe('an address on the web', () => {
  it.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    'example.com',
    'https://',
    'https://a/ b',
    `https://a/${'x'.repeat(2000)}`,
  ])('is not %s', (text) => expect(WebUrl.safeParse(text).success).toBe(false));
  it('is kept as it is', () => expect(WebUrl.parse('https://example.com/mcp?a=b')).toBe('https://example.com/mcp?a=b'));
});

describe('an instant', () => {
  it('becomes UTC with milliseconds', () => {
    expect(Instant.parse('2027-01-31T12:00:00+02:00')).toBe('2027-01-31T10:00:00.000Z');
    expect(Instant.parse('9999-12-31T23:59:59.999Z')).toBe('9999-12-31T23:59:59.999Z');
  });
  it.each([
    '0000-12-31T23:59:59Z',
    '0001-01-01T00:00:00+00:01',
    '9999-12-31T23:59:59-00:01',
    '2027-02-29T00:00:00Z',
    'tomorrow',
  ])('is not %s', (text) => {
    const result = Instant.safeParse(text);
    expect(result.error?.issues).toHaveLength(1);
  });
});
