/** A program: `npm start` with services that do nothing. */
import { main } from '../main.ts';
import { fakeServices } from './fake-services.ts';

await main({ services: fakeServices, build: false });
