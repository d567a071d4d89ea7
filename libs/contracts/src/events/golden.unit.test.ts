import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { billingEventTypes, billingUpcasts } from './billing-catalogue.ts';
import { eventTypes, type Catalogue } from './catalogue.ts';
import { EventMetaSchema, type RecordedEvent } from './envelope.ts';
import { upcast, upcasts } from './upcasts.ts';

/**
 * A golden file holds an event as it was written to a log. It is never changed: events of that shape are out there. A new
 * version of a type gets a new file beside it and an upcast.
 */
const catalogue: Catalogue = { ...eventTypes, ...billingEventTypes };
const directory = new URL('../../golden/', import.meta.url);
const files = readdirSync(directory).sort();
const goldenEvent = (file: string) => JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as RecordedEvent;

describe('golden files', () => {
  it('exist for every version of every event type, and for nothing else', () => {
    const expected = Object.entries(catalogue).flatMap(([type, { version }]) =>
      Array.from({ length: version }, (_, index) => `${type}.v${index + 1}.json`),
    );
    expect(files).toEqual(expected.sort());
  });

  it.each(files)('%s decodes to the newest shape of its type', (file) => {
    const event = goldenEvent(file);
    expect(file).toBe(`${event.type}.v${event.typeVersion}.json`);
    const { category, version, data: schema } = catalogue[event.type]!;
    expect(event.category).toBe(category);
    expect(event.stream.startsWith(`${category}-`)).toBe(true);
    const { data, typeVersion } = upcast(event, catalogue, { ...upcasts, ...billingUpcasts });
    expect(typeVersion).toBe(version);
    // Equal, not just valid: a field that the schema doesn't know would be left out.
    expect(schema.parse(data)).toEqual(data);
    expect(EventMetaSchema.parse(event.meta)).toEqual(event.meta);
  });
});
