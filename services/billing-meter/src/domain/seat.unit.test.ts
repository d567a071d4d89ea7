import { describe, expect, it } from '@jest/globals';
import { eventTypes, type EventData, type RecordedTollgateEvent } from '@tollgate/contracts';
import { ids, recorded, tokenCreated } from '../testing/events.ts';
import { closedAt, evolveSeat, isSeatEvent, seatEventTypes, type Seat } from './seat.ts';

const tokenId = ids.token(1);
const opened = '2026-01-10T08:00:00.000Z';
const later = '2026-01-20T08:00:00.000Z';
const latest = '2026-01-30T08:00:00.000Z';

const created = (changes: Partial<EventData<'TokenCreated'>> = {}) =>
  recorded('TokenCreated', opened, tokenCreated(changes));
const revoked = (at: string) => recorded('TokenRevoked', at, { tokenId, reason: null }, { position: 2 });

/** Given events, at an instant, the seat looks like this. */
const given = (...events: RecordedTollgateEvent[]) => ({
  at(now: string) {
    const seat = events.filter(isSeatEvent).reduce<Seat | null>(evolveSeat, null);
    return { ...seat, closedAt: seat && closedAt(seat, now) };
  },
});

describe('a seat', () => {
  it('opens with its token, at the time of the event', () => {
    expect(given(created()).at(later)).toMatchObject({ orgId: ids.org, tokenId, openedAt: opened, closedAt: null });
  });

  it('closes when the token is revoked', () => {
    expect(given(created(), revoked(later)).at(latest)).toMatchObject({ openedAt: opened, closedAt: later });
  });

  it('closes at the expiry although no event tells of it', () => {
    expect(given(created({ expiresAt: later })).at(latest).closedAt).toBe(later);
  });

  it('is open one millisecond before its expiry and closed at it', () => {
    const seat = given(created({ expiresAt: later }));
    expect(seat.at('2026-01-20T07:59:59.999Z').closedAt).toBeNull();
    expect(seat.at(later).closedAt).toBe(later);
  });

  it('closes at revocation or expiry, whichever is first', () => {
    expect(given(created({ expiresAt: latest }), revoked(later)).at(latest).closedAt).toBe(later);
    expect(given(created({ expiresAt: later }), revoked(latest)).at(latest).closedAt).toBe(later);
  });

  it('compares instants and not their spelling', () => {
    expect(
      given(created({ expiresAt: '2026-01-20T08:00:00Z' })).at('2026-01-20T08:00:00.001Z').closedAt,
    ).not.toBeNull();
  });

  const unmoved = [
    ...['TokenRegenerated', 'TokenRenamed', 'TokenTeamChanged', 'TokenActivated', 'TokenDeactivated'],
    ...['TokenOverlapEnded', 'TokenLeaked'],
  ];

  it.each(unmoved)('is not moved by %s', (type) => {
    expect(isSeatEvent({ type })).toBe(false);
  });

  it('is moved by no other event of a token', () => {
    const ofTokens = Object.entries(eventTypes).filter(([, { category }]) => category === 'token');
    expect(ofTokens.map(([type]) => type).sort()).toEqual([...unmoved, ...seatEventTypes].sort());
  });

  it('stays as it is when an event is repeated', () => {
    const once = given(created(), revoked(later));
    expect(given(created(), created(), revoked(later), revoked(latest)).at(latest)).toEqual(once.at(latest));
    expect(given(created(), revoked(later), created()).at(latest)).toEqual(once.at(latest));
  });

  it('costs nothing for a test token and for a managed agent that says so', () => {
    expect(given(created()).at(later).billable).toBe(true);
    expect(given(created({ environment: 'test' })).at(later).billable).toBe(false);
    expect(given(created({ managed: true, billable: false })).at(later).billable).toBe(false);
    expect(given(created({ environment: null })).at(later).billable).toBe(true);
  });

  it('refuses a log that revokes what it never created', () => {
    expect(() => evolveSeat(null, revoked(later))).toThrow('never created');
  });
});
