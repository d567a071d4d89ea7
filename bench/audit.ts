import { spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeOrganization, must, type Organization } from '../test/support/api.ts';
import { idOf } from './population.ts';
import { count, megabytes, milliseconds, seconds, type Row, type Section } from './report.ts';
import { memoryOf, settle, type Stage } from './stage.ts';
import { quantile } from './statistics.ts';

const program = new URL('../libs/sdk/bin/tollgate.mjs', import.meta.url).pathname;
const rowsPerStatement = 20_000;
const tokens = 1_000;
const [spaces, tools] = [20, 50];
const pageRounds = 40;
const commandsPerSecond = 200;
/** What a process may hold more after a long export than before it. */
const flatBytes = 96e6;

/** One organization with a long audit log: searched, followed, exported and verified. */
export async function benchAudit(stage: Stage, quick: boolean): Promise<Section> {
  const entries = quick ? 8_000 : 1_000_000;
  const organization = await makeOrganization(stage.callers);
  const applied = await fill(stage, organization, entries);
  await stage.admin.query('VACUUM ANALYZE');
  await settle(quick ? 300 : 5_000);
  const directory = mkdtempSync(join(tmpdir(), 'tollgate-bench-audit-'));
  try {
    const rows: Row[] = [
      applied,
      ...(await searches(organization, quick)),
      await appearance(stage, organization, quick),
      ...(await exportAndVerify(stage, organization, directory)),
    ];
    return {
      title: 'The audit log',
      method: `${count(entries)} entries in one organization, of ${count(tokens)} tokens, ${spaces} spaces and ${tools} tools, put into the event log by its administrator and applied by the projection; statistics up to date. Searches: ${quick ? pageRounds / 4 : pageRounds} pages of 50, one after another by their cursors, from the sending of the request to the parsed answer. Appearance: commands at ${commandsPerSecond}/s, from each answer until the projection has applied its event. The export goes over HTTP into a file; \`tollgate audit verify\` reads that file.`,
      columns: ['amount', 'p50', 'p95'],
      rows,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Appends events as their owner would, in its one table, and waits until the projection has them. */
async function fill({ admin }: Stage, { org }: Organization, entries: number): Promise<Row> {
  const ids = (prefix: string, amount: number) => Array.from({ length: amount }, (_, n) => idOf(prefix, n + 900_000));
  const startedMs = performance.now();
  let head = 0;
  for (let from = 0; from < entries; from += rowsPerStatement) {
    const { rows } = await admin.query<{ head: number }>({
      text: `WITH head AS (
          UPDATE log.head SET position = position + $2, last_at = coalesce(last_at, now()) + $2 * interval '1 ms'
          RETURNING position - $2 AS base, last_at - $2 * interval '1 ms' AS began, position),
        made AS (
          SELECT $3 + n - 1 AS i, base + n AS position, began + n * interval '1 ms' AS at,
                 ($5::text[])[1 + ($3 + n - 1) % ${tokens}] AS tok
            FROM head, generate_series(1, $2::int) AS n),
        put AS (
          INSERT INTO log.events (position, id, stream, version, category, type, type_version, org_id, at, data, meta)
          SELECT position, 'evt_' || md5('bench ' || position),
                 (CASE WHEN i % 10 = 0 THEN 'security-' ELSE 'activity-' END) || $1 || '.' || tok,
                 1 + i / ${tokens}, CASE WHEN i % 10 = 0 THEN 'security' ELSE 'activity' END,
                 CASE WHEN i % 10 = 0 THEN 'AttemptsRefused' ELSE 'ActivityRecorded' END, 1, $1, at,
                 CASE WHEN i % 10 = 0
                   THEN jsonb_build_object('tokenId', tok, 'reason', 'revoked', 'minute', '2026-01-01T00:00:00.000Z', 'count', 3)
                   ELSE jsonb_build_object('tokenId', tok, 'decisionId', 'dec-' || i,
                     'action', CASE WHEN i % 3 = 0 THEN 'tool.called' ELSE 'api.document.read' END,
                     'outcome', CASE WHEN i % 50 = 1 THEN 'refused' ELSE 'success' END, 'reason', null,
                     'target', jsonb_build_object('type', 'tool', 'id', 'crm.search' || i % ${tools}),
                     'spaceId', ($4::text[])[1 + i % ${spaces}], 'doneAt', null,
                     'details', jsonb_build_object('customer', 'customer' || i % 5000), 'reportedBy', 'crm') END,
                 jsonb_build_object('actor', CASE WHEN i % 10 = 0
                     THEN jsonb_build_object('type', 'service', 'id', 'auth-verifier') ELSE jsonb_build_object('type', 'token', 'id', tok) END,
                   'correlationId', 'bench', 'causationId', 'bench', 'requestId', null, 'contextCommitment', null, 'traceparent', null)
            FROM made)
        SELECT position::int AS head FROM head`,
      values: [org.id, Math.min(rowsPerStatement, entries - from), from, ids('spc', spaces), ids('tok', tokens)],
    });
    head = rows[0]?.head as number;
  }
  const position = async () => {
    const text = `SELECT position::int FROM audit.projection_checkpoints WHERE name = 'audit' AND live`;
    return (await admin.query<{ position: number }>(text)).rows[0]?.position as number;
  };
  while ((await position()) < head) await sleep(50);
  const perSecond = (entries / (performance.now() - startedMs)) * 1000;
  return { what: 'entries applied: words, targets, tree', figures: [`${count(perSecond)}/s`, '', ''] };
}

async function searches({ owner, at }: Organization, quick: boolean): Promise<Row[]> {
  const rounds = quick ? pageRounds / 4 : pageRounds;
  const token = idOf('tok', 900_007);
  const space = idOf('spc', 900_003);
  const singles: [string, string][] = [
    ['no filter', ''],
    ['namespace', 'namespace=Security'],
    ['action', 'action=tool.called'],
    ['action, its beginning', 'action=api.'],
    ['actor', `actor=${token}`],
    ['target', 'target=crm.search7'],
    ['space', `spaceId=${space}`],
    ['outcome', 'outcome=refused'],
    ['a common word', 'q=document'],
    ['a rare word', 'q=customer4711'],
    ['the beginning of words', 'q=customer47*'],
    ['a word that is nowhere', 'q=absent'],
  ];
  const pairs: [string, string][] = [
    ['namespace and outcome', 'namespace=API%20Tokens&outcome=refused'],
    ['actor and action', `actor=${token}&action=tool.`],
    ['two common words', 'q=document%20crm'],
    ['a common word and a rare one', 'q=document%20customer4711'],
    ['target and space', `target=crm.search3&spaceId=${space}`],
    ['space and a word', `spaceId=${space}&q=customer123`],
    ['outcome and a target', 'outcome=refused&target=crm.search1'],
  ];
  must(200, await owner('GET', at('/audit')));
  const rows: Row[] = [];
  for (const [kind, goalMs, filters] of [
    ['', 50, singles],
    ['two: ', 100, pairs],
  ] as const) {
    for (const [what, filter] of filters) {
      const tookMs: number[] = [];
      let [items, cursor] = [0, ''];
      for (let round = 0; round < rounds; round++) {
        const sentMs = performance.now();
        const page = must(200, await owner('GET', at(`/audit?${filter}${cursor}`)));
        tookMs.push(performance.now() - sentMs);
        items = Math.max(items, page.items.length);
        cursor = page.nextCursor ? `&cursor=${encodeURIComponent(page.nextCursor)}` : '';
      }
      const [p50, p95] = [quantile(tookMs, 0.5), quantile(tookMs, 0.95)];
      const figures = [`${items} items`, milliseconds(p50), milliseconds(p95)];
      rows.push({ what: kind + what, figures, goal: `p95 ≤ ${goalMs} ms`, reached: p95 <= goalMs });
    }
  }
  return rows;
}

/** From the answer to a command until its entry can be read. */
async function appearance({ admin }: Stage, { owner, at }: Organization, quick: boolean): Promise<Row> {
  const commands = commandsPerSecond * (quick ? 1 : 10);
  const waiting = new Map<number, number>();
  const tookMs: number[] = [];
  let sending = true;
  const watching = (async () => {
    while (sending || waiting.size > 0) {
      const text = `SELECT position::int FROM audit.projection_checkpoints WHERE name = 'audit' AND live`;
      const applied = (await admin.query<{ position: number }>(text)).rows[0]?.position as number;
      for (const [position, sinceMs] of waiting) {
        if (position > applied) continue;
        tookMs.push(performance.now() - sinceMs);
        waiting.delete(position);
      }
      await sleep(5);
    }
  })();
  const startedMs = performance.now();
  const sent: Promise<void>[] = [];
  for (let n = 0; n < commands; n++) {
    await sleep(Math.max(0, startedMs + (n * 1000) / commandsPerSecond - performance.now()));
    sent.push(
      owner('POST', at('/spaces'), { name: `Room ${n}` }).then((answer) => {
        waiting.set(must(201, answer).position as number, performance.now());
      }),
    );
  }
  await Promise.all(sent);
  const perSecond = (commands / (performance.now() - startedMs)) * 1000;
  sending = false;
  await watching;
  const [p50, p95] = [quantile(tookMs, 0.5), quantile(tookMs, 0.95)];
  const most = quantile(tookMs, 1);
  return {
    what: `entries appear, at ${count(perSecond)} commands/s (the last after ${milliseconds(most)})`,
    figures: [count(commands), milliseconds(p50), milliseconds(p95)],
    goal: 'all ≤ 1 s',
    reached: most <= 1_000,
  };
}

async function exportAndVerify(stage: Stage, organization: Organization, directory: string): Promise<Row[]> {
  const { org, at, ownerId, owner } = organization;
  const file = (name: string) => join(directory, name);
  const services = ['api-gateway', 'audit-projector'] as const;
  const authorization = `Bearer ${await stage.callers.jwt({ sub: ownerId, org: org.id })}`;
  const peaks = () => services.map((name) => memoryOf(stage.stack.service(name)).peakBytes);
  const before = peaks();
  const startedMs = performance.now();
  const response = await fetch(stage.stack.url + at('/audit/export'), { headers: { authorization } });
  await pipeline(Readable.fromWeb(response.body as never), createWriteStream(file('log.ndjson')));
  const exportedMs = performance.now() - startedMs;
  const grown = peaks().map((bytes, index) => bytes - (before[index] as number));
  const size = response.headers.get('tollgate-checkpoint-size') as string;
  await pipeline(
    Readable.from([String((await owner('GET', at(`/audit/checkpoint?size=${size}`))).body)]),
    createWriteStream(file('note')),
  );
  const bytes = statSync(file('log.ndjson')).size;
  const { key } = must(200, await stage.callers.operator('GET', '/v1/audit/public-key'));
  const verifyMs = performance.now();
  const args = ['audit', 'verify', '--export', file('log.ndjson'), '--checkpoint', file('note'), '--key', key];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const status = await new Promise<number | null>((resolve) => void child.once('close', resolve));
  const verifiedMs = performance.now() - verifyMs;
  return [
    {
      what: `export of ${count(Number(size))} entries, ${megabytes(bytes)} (${count(Number(size) / (exportedMs / 1000))}/s)`,
      figures: [seconds(exportedMs), '', ''],
    },
    ...services.map((name, index) => ({
      what: `${name}: most memory during the export, beyond before`,
      figures: [megabytes(grown[index] as number), '', ''],
      goal: `< ${megabytes(flatBytes)}`,
      reached: (grown[index] as number) < flatBytes,
    })),
    {
      what: 'offline verification of that export',
      figures: [seconds(verifiedMs), '', ''],
      goal: '≤ 60 s',
      reached: status === 0 && verifiedMs <= 60_000,
    },
  ];
}
