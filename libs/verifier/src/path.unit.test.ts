import { describe, expect, it } from '@jest/globals';
import { normalisePath } from './path.ts';

describe('a path that every server reads the same way', () => {
  it.each([
    ['/api/agent-base', 'api|agent-base'],
    ['/api/agent-base/', 'api|agent-base'],
    ['//api///agent-base//', 'api|agent-base'],
    ['/api/./agent-base/.', 'api|agent-base'],
    ['/api/x/../agent-base', 'api|agent-base'],
    ['/../api', 'api'],
    ['/%61pi/agent%2Dbase', 'api|agent-base'],
    ['/api/x/%2e%2E/agent-base', 'api|agent-base'],
    ['/api/agent-base?limit=1/../2', 'api|agent-base'],
    ['/api/a%20b/%c3%a9', 'api|a%20b|%C3%A9'],
    ['/api/%40me', 'api|@me'],
    ['/api/100%25', 'api|100%25'],
    ['/', ''],
  ])('%s is %s', (path, segments) => {
    expect(normalisePath(path)?.join('|')).toBe(segments);
  });
});

describe('a path that servers could read differently', () => {
  it.each([
    ['no leading slash', 'api/agent-base'],
    ['nothing at all', ''],
    ['a whole URL', 'http://example.com/api'],
    ['an encoded slash', '/api%2Fagent-base'],
    ['an encoded slash in lower case', '/api/x%2fy'],
    ['a backslash', '/api\\agent-base'],
    ['an encoded backslash', '/api/%5c../x'],
    ['NUL', '/api/x\u0000'],
    ['encoded NUL', '/api/x%00'],
    ['an encoded control character', '/api/x%0a'],
    ['a percent sign encoded twice', '/api/%252e%252e/x'],
    ['half an encoding', '/api/x%2'],
    ['no encoding at all', '/api/x%zz'],
    ['matrix parameters, which some servers cut off', '/api/webhook/..;/agent-base'],
    ['encoded matrix parameters', '/api/webhook/..%3b/agent-base'],
    ['.. after an empty segment, which takes one segment or two', '/api/webhook//../agent-base'],
    ['.. after an empty segment and a dot', '/api/webhook//./../agent-base'],
    ['a fragment', '/api#x'],
    ['a space', '/api/a b'],
    ['characters outside ASCII', '/api/\uff0fx'],
  ])('%s: %j', (_, path) => {
    expect(normalisePath(path)).toBeNull();
  });
});
