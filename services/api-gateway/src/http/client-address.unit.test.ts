import { describe, expect, it } from '@jest/globals';
import { clientAddress, trustedProxiesOf } from './client-address.ts';

describe('the client address', () => {
  it.each([
    ['the socket, whatever a client claims', '127.0.0.1', '203.0.113.9', 0, '127.0.0.1'],
    ['IPv4 seen through an IPv6 socket', '::ffff:192.0.2.1', undefined, 0, '192.0.2.1'],
    ['what the trusted proxy appended', '10.0.0.1', '203.0.113.9, 198.51.100.7', 1, '198.51.100.7'],
    ['what the outer of two trusted proxies appended', '10.0.0.1', '6.6.6.6, 203.0.113.9, 10.0.0.2', 2, '203.0.113.9'],
    ['the first hop if there are fewer than trusted', '10.0.0.1', '203.0.113.9', 3, '203.0.113.9'],
    ['an address without the port', '10.0.0.1', '203.0.113.9:5123', 1, '203.0.113.9'],
    ['IPv6 without brackets and port', '10.0.0.1', '[2001:db8::1]:443', 1, '2001:db8::1'],
    ['the socket if the header holds no address', '10.0.0.1', 'unknown', 1, '10.0.0.1'],
    ['nothing if there is none', undefined, undefined, 1, undefined],
  ])('is %s', (_, socket, forwardedFor, proxies, expected) => {
    expect(clientAddress(socket, forwardedFor, proxies)).toBe(expected);
  });

  it.each([
    [undefined, 0],
    ['', 0],
    ['0', 0],
    ['false', 0],
    ['1', 1],
    ['2', 2],
    ['true', 1],
  ])('trusts with TOLLGATE_TRUST_PROXY=%s %i proxies', (setting, expected) => {
    expect(trustedProxiesOf(setting)).toBe(expected);
  });
});
