import { headers as createHeaders } from '@nats-io/transport-node';
import { chargesCapture, chargesReserve, subjectOf } from '@tollgate/contracts';
import pg from 'pg';
import { makeOrganization, makeToken, must } from '../test/support/api.ts';
import { closedLoop, inTurn, type Load } from './load.ts';
import { count, milliseconds, times, type Section } from './report.ts';
import { settle, type Stage } from './stage.ts';

const inFlight = 64;
const connections = 16;

/** Durable charges of one hot balance through NATS, against one row-locking UPDATE for each on the same Postgres. */
export async function benchCharges(stage: Stage, quick: boolean): Promise<Section> {
  const organization = await makeOrganization(stage.callers);
  const { token } = await makeToken(organization);
  const { operator, jwt } = stage.callers;
  const payment = { amountMicros: '1000000000000', reference: 'bench' };
  must(201, await operator('POST', organization.at('/balance/top-ups'), payment));
  const headers = createHeaders();
  headers.set('Authorization', `Bearer ${await jwt({ sub: 'bench', scope: 'charges:write' })}`);
  const run = Date.now().toString(36);
  const [reserve, capture] = [subjectOf(chargesReserve), subjectOf(chargesCapture)];
  const charge = (n: number, done: () => void): void => {
    const chargeId = `${run}.${started + n}`;
    const asked = { chargeId, tokenId: token.id, tool: 'search', maxAmountMicros: '100' };
    stage.requester.send(
      reserve,
      Buffer.from(JSON.stringify(asked)),
      (reserved) => {
        mustCharge(reserved);
        const taken = Buffer.from(JSON.stringify({ id: chargeId, amountMicros: '70' }));
        stage.requester.send(capture, taken, (captured) => (mustCharge(captured), done()), headers);
      },
      headers,
    );
  };
  let started = 0;
  const charges = async (ms: number): Promise<Load> => {
    started += 10_000_000;
    return closedLoop(inFlight, ms, charge);
  };

  const pool = new pg.Pool({ connectionString: stage.stack.secrets.databaseAdminUrl, max: connections });
  await pool.query(tables);
  const updates = (ms: number): Promise<Load> =>
    closedLoop(inFlight, ms, (_, done) => void pool.query({ name: 'bench-charge', text: oneUpdate }).then(done));
  let booked = 0;
  const statements = (ms: number): Promise<Load> =>
    closedLoop(inFlight, ms, (_, done) => {
      const values = [`charge ${booked++}`];
      void pool
        .query({ name: 'bench-reserve', text: reserveStatement, values })
        .then(() => pool.query({ name: 'bench-capture', text: captureStatement, values }))
        .then(done);
    });

  const loads = [charges, updates, statements];
  for (const load of loads) await load(quick ? 500 : 3_000);
  await settle();
  const durationMs = quick ? 1_500 : 8_000;
  const rounds = quick ? 1 : 3;
  const results = await inTurn(rounds, ...loads.map((load) => () => load(durationMs)));
  const [ours, update, pair] = results as [Load, Load, Load];
  await pool.query('DROP TABLE public.bench_balance, public.bench_charges');
  await pool.end();
  const figures = ({ perSecond, p50Ms, p99Ms }: Load) => [
    `${count(perSecond)}/s`,
    milliseconds(p50Ms),
    milliseconds(p99Ms),
  ];
  const against = (load: Load) => [...figures(load), times(ours.perSecond / load.perSecond)];
  return {
    title: 'Charges of one hot balance',
    method: `${inFlight} charges under way over NATS, each a \`charges.reserve\` and, once that is answered, a \`charges.capture\`, both with a JWT and both answered after the commit in Postgres: two events of the log \`billing\`, with the projection and finance's feed following. Beside it, ${inFlight} under way on ${connections} connections to the same Postgres: one \`UPDATE … SET micros = micros - 70\` for each charge, without anything else; and what a charge is at least in SQL, a statement that takes from the balance and writes the reservation, then one that closes it and gives back the rest. In turn, ${rounds} rounds of ${durationMs / 1000} s each, median.`,
    columns: ['charges', 'p50', 'p99', 'Tollgate is'],
    rows: [
      {
        what: 'Tollgate: reserve and capture',
        figures: [...figures(ours), ''],
        goal: '≥ 5,000/s, p99 ≤ 50 ms',
        reached: ours.perSecond >= 5_000 && ours.p99Ms <= 50,
      },
      {
        what: 'a row-locking UPDATE',
        figures: against(update),
        goal: '≥ 5 ×',
        reached: ours.perSecond >= 5 * update.perSecond,
      },
      { what: 'reserve and capture in SQL', figures: against(pair) },
    ],
    notes: [
      'The UPDATE alone keeps no charge, so nothing of it can be repeated, explained or audited. Where a commit takes a millisecond, a row lock ends at 1,000 charges per second; group commit does not.',
    ],
  };
}

const tables = `
  DROP TABLE IF EXISTS public.bench_balance, public.bench_charges;
  CREATE TABLE public.bench_balance (id integer PRIMARY KEY, micros bigint NOT NULL, held bigint NOT NULL);
  INSERT INTO public.bench_balance VALUES (1, 1000000000000, 0);
  CREATE TABLE public.bench_charges (id text PRIMARY KEY, status text NOT NULL, micros bigint NOT NULL)`;

const oneUpdate = 'UPDATE public.bench_balance SET micros = micros - 70 WHERE id = 1 AND micros >= 70';

const reserveStatement = `
  WITH balance AS (
    UPDATE public.bench_balance SET micros = micros - 100, held = held + 100 WHERE id = 1 AND micros >= 100 RETURNING id)
  INSERT INTO public.bench_charges SELECT $1, 'reserved', 100 FROM balance`;

const captureStatement = `
  WITH charge AS (
    UPDATE public.bench_charges SET status = 'captured', micros = 70 WHERE id = $1 AND status = 'reserved' RETURNING id)
  UPDATE public.bench_balance SET micros = micros + 30, held = held - 100 WHERE id = 1 AND EXISTS (SELECT FROM charge)`;

/** A refusal would be fast, and no charge. */
function mustCharge(reply: Uint8Array): void {
  if (reply[2] !== 'c'.charCodeAt(0)) throw new Error(`not charged: ${Buffer.from(reply).toString()}`);
}
