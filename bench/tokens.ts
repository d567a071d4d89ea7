import { makeOrganization, makeToken, must, type Organization } from '../test/support/api.ts';
import { eventually } from '../test/support/eventually.ts';
import type { Alternatives } from './alternatives.ts';
import { HttpClient } from './http-client.ts';
import { closedLoop, inTurn, type Load } from './load.ts';
import { quickDigestOf } from './population.ts';
import { count, milliseconds, seconds, times, type Row, type Section } from './report.ts';
import { settle, type Stage } from './stage.ts';
import { quantile } from './statistics.ts';

const inFlight = 64;
const importMax = 1_000;

const standingStill = 'Tollgate, while audit and billing stand still';

/** Creating tokens over HTTP against the create call of the API-key plugin of better-auth. */
export async function benchCreates(stage: Stage, { url, cookie }: Alternatives, quick: boolean): Promise<Section> {
  const organization = await makeOrganization(stage.callers);
  const { ownerId, org, at, service } = organization;
  const authorization = `Bearer ${await stage.callers.jwt({ sub: ownerId, org: org.id })}`;
  const tollgate = new HttpClient(stage.stack.url, inFlight);
  const plugin = new HttpClient(url, inFlight);
  let created = 0;
  const body = () => {
    const name = `Token ${created++}`;
    const fields = { name, accountId: service.id, scope: { type: 'multi-space' }, acknowledgeBilling: true };
    return Buffer.from(JSON.stringify(fields));
  };
  const create = async (ms: number) => {
    const load = await closedLoop(inFlight, ms, (_, done) =>
      tollgate.send(tollgate.post(at('/tokens'), body(), { authorization }), done, 201),
    );
    // What follows the log catches up, outside of the time of whoever comes next.
    await settle(1_000);
    return load;
  };
  const pluginCreate = (path: string, headers: Readonly<Record<string, string>>) => (ms: number) =>
    closedLoop(inFlight, ms, (_, done) => plugin.send(plugin.post(path, body(), headers), done, 201));
  const loads: readonly ((ms: number) => Promise<Load>)[] = [
    create,
    pluginCreate('/better-auth/create', { cookie }),
    pluginCreate('/better-auth/create-trusting', {}),
    // The followers take longer to catch up than a quick run has.
    ...(quick ? [] : [(ms: number) => withoutFollowers(stage, organization, () => create(ms))]),
  ];
  // Longer than compilers take to come to rest.
  for (const load of loads.slice(0, 3)) await load(quick ? 1_000 : 6_000);
  await settle();
  const durationMs = quick ? 2_000 : 8_000;
  const rounds = quick ? 1 : 3;
  const measured = await inTurn(rounds, ...loads.map((load) => () => load(durationMs)));
  const [ours, asked, trusting, alone] = measured as [Load, Load, Load, Load?];
  tollgate.close();
  plugin.close();
  const figures = ({ perSecond, p50Ms, p99Ms }: Load) => [
    `${count(perSecond)}/s`,
    milliseconds(p50Ms),
    milliseconds(p99Ms),
  ];
  const against = (what: string, theirs: Load): Row => {
    const ratio = ours.perSecond / theirs.perSecond;
    return { what, figures: [...figures(theirs), times(ratio)], goal: '> 1 ×', reached: ratio > 1 };
  };
  return {
    title: 'Creating tokens',
    method: `${inFlight} under way over HTTP. Tollgate: \`POST …/tokens\` with the JWT of an owner, answered after the commit in Postgres, through the gateway, the bus and the log, with projections, audit and billing following. The plugin: its create call behind a Fastify route with 16 connections to the same Postgres. In turn, ${rounds} rounds of ${durationMs / 1000} s each, median.`,
    columns: ['created', 'p50', 'p99', 'Tollgate is'],
    rows: [
      { what: 'Tollgate', figures: [...figures(ours), ''], goal: '≥ 1,000/s', reached: ours.perSecond >= 1_000 },
      against('better-auth: API-key plugin, asked by a user with a session', asked),
      against('better-auth: API-key plugin, nobody is asked who calls', trusting),
      ...(alone
        ? [
            {
              what: standingStill,
              figures: [...figures(alone), `${times(alone.perSecond / trusting.perSecond)} the last`],
            },
          ]
        : []),
    ],
    notes: [
      'Whoever creates a token has to be let in: Tollgate verifies the JWT and the role of its account, the plugin looks up the session, as it does for every create over its own API. Its other call is for code of the server that names the user and is trusted.',
      'The plugin writes one row. A create here is an event in the log, and from it rows of the list, the snapshot, the seat and the audit log with its tree, an event for finance and three streams; all of it runs on the same processors meanwhile.',
      ...(alone
        ? [
            'The last line is about what remains where audit-projector and billing-meter have processors of their own. Afterwards they catch up, outside of the time that is measured.',
          ]
        : []),
    ],
  };
}

/** Holds the processes that follow the log and answer no command, and lets them catch up afterwards. */
async function withoutFollowers<T>({ stack }: Stage, organization: Organization, work: () => Promise<T>): Promise<T> {
  const followers = [stack.service('audit-projector'), stack.service('billing-meter')];
  for (const follower of followers) await follower.kill('SIGSTOP');
  const result = await work();
  for (const follower of followers) await follower.kill('SIGCONT');
  const { position } = await makeToken(organization);
  for (const list of ['/audit', '/billing/seats']) {
    const path = organization.at(`${list}?limit=1&atLeast=${position}`);
    await eventually(async () => must(200, await organization.owner('GET', path)), 120_000);
  }
  return result;
}

const words = ['claude', 'cursor', 'n8n', 'zürich', 'report', 'nightly', 'support', 'sales', 'déjà', 'pipeline'];

/** Pages of a long token list. */
export async function benchTokenList(stage: Stage, quick: boolean): Promise<Section> {
  const tokens = quick ? 10_000 : 100_000;
  const organization = await makeOrganization(stage.callers);
  const { owner, at, service, ownerId } = organization;
  const startedMs = performance.now();
  for (let from = 0; from < tokens; from += importMax) {
    const rows = Array.from({ length: importMax }, (_, n) => ({
      name: `${words[(from + n) % words.length]} ${words[(from + n * 7) % words.length]} ${from + n}`,
      accountId: n % 50 === 0 ? ownerId : service.id,
      scope: { type: 'multi-space' },
      digest: quickDigestOf(from + n + 50_000_000),
      hint: 'old_...1234',
      acknowledgeBilling: true,
    }));
    must(201, await owner('POST', at('/tokens/import'), { tokens: rows }));
  }
  const importedMs = performance.now() - startedMs;
  const revoked = must(200, await owner('POST', at('/tokens/revoke-all'), { search: 'pipeline' }));
  const position = (revoked.position as number) ?? 0;
  must(200, await owner('GET', at(`/tokens?atLeast=${position}`)));
  // What Postgres does by itself within a minute, so that no page meets it half-way.
  await stage.admin.query('VACUUM ANALYZE');
  await settle(3_000);

  const unusedSince = new Date(Date.now() + 60_000).toISOString();
  const filters: [string, string][] = [
    ['all, newest first', ''],
    ['status=active', 'status=active'],
    ['status=revoked', 'status=revoked'],
    ['search=clau (a tenth and more)', 'search=clau'],
    ['search=zurich (accent-insensitive)', 'search=zurich'],
    ['search=77777 (one, or none)', 'search=77777'],
    ['search=report, status=active, by name', 'search=report&status=active&sort=name'],
    ['accountId (a fiftieth)', `accountId=${ownerId}`],
    ['scope, product', 'scope=multi-space&product=default'],
    ['unusedSince', `unusedSince=${encodeURIComponent(unusedSince)}`],
  ];
  const rounds = quick ? 20 : 60;
  const rows: Row[] = [];
  for (const [what, filter] of filters) {
    const tookMs: number[] = [];
    let items = 0;
    let cursor = '';
    for (let n = 0; n < rounds; n++) {
      const sentMs = performance.now();
      const page = must(200, await owner('GET', at(`/tokens?${filter}${cursor}`)));
      tookMs.push(performance.now() - sentMs);
      items = Math.max(items, page.items.length);
      cursor = page.nextCursor ? `&cursor=${encodeURIComponent(page.nextCursor)}` : '';
    }
    const [p50, p95] = [quantile(tookMs, 0.5), quantile(tookMs, 0.95)];
    rows.push({
      what,
      figures: [String(items), milliseconds(p50), milliseconds(p95)],
      goal: 'p95 < 30 ms',
      reached: p95 < 30,
    });
  }
  return {
    title: 'The token list',
    method: `${count(tokens)} tokens in one organization, imported in ${seconds(importedMs)} (${count(tokens / (importedMs / 1000))}/s); a part of them revoked, statistics up to date. ${rounds} pages of 50 for each filter, one after another by their cursors, from the sending of the request to the parsed answer.`,
    columns: ['items', 'p50', 'p95'],
    rows,
  };
}
