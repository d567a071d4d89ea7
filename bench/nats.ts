import { closedLoop, inTurn, type Load } from './load.ts';
import { count, microsecondsEach, milliseconds, times, type Row, type Section } from './report.ts';
import { sampleAnswer, settle, verifyBodies, verifySubject, type Stage } from './stage.ts';

const echoSubject = 'bench.echo';

/** A verification over NATS against an echo responder: another process that answers the same bytes to the same requests. */
export async function benchNats(stage: Stage, tokens: number, quick: boolean): Promise<Section> {
  const bodies = verifyBodies(1_000, tokens);
  const answer = await sampleAnswer(stage, bodies[0]!);
  await stage.run('echo-responder.ts', stage.stack.state.natsUrl, stage.creds, Buffer.from(answer).toString());
  const durationMs = quick ? 1_000 : 4_000;
  const rounds = quick ? 1 : 3;
  const load = (subject: string, inFlight: number, ms = durationMs) =>
    closedLoop(inFlight, ms, (n, done) => stage.requester.send(subject, bodies[n % bodies.length]!, done));
  for (const inFlight of [64, 1])
    for (const subject of [echoSubject, verifySubject]) await load(subject, inFlight, durationMs / 2);
  await settle();

  const rows: Row[] = [];
  let each = { echo: '', verify: '' };
  for (const inFlight of [1, 64, 256]) {
    const [echo, verify] = (await inTurn(
      rounds,
      () => load(echoSubject, inFlight),
      () => load(verifySubject, inFlight),
    )) as [Load, Load];
    each = { echo: microsecondsEach(echo.perSecond), verify: microsecondsEach(verify.perSecond) };
    const throughput = verify.perSecond / echo.perSecond;
    const p99 = verify.p99Ms / echo.p99Ms;
    rows.push({
      what: `${inFlight} in flight`,
      figures: [
        `${count(echo.perSecond)}/s`,
        `${count(verify.perSecond)}/s`,
        times(throughput),
        milliseconds(echo.p99Ms),
        milliseconds(verify.p99Ms),
        times(p99),
      ],
      goal: '≥ 0.8 ×, p99 ≤ 1.5 ×',
      reached: throughput >= 0.8 && p99 <= 1.5,
    });
  }
  return {
    title: 'Verify over NATS',
    method: `\`tokens.verify\` with a space, a resource and an operation, 1,000 different tokens of ${count(tokens)}, against an echo responder in a process of its own that answers the same ${answer.length} bytes. One client process; the two take turns, ${rounds} rounds of ${durationMs / 1000} s each, median.`,
    columns: ['echo', 'verify', 'throughput', 'echo p99', 'verify p99', 'p99'],
    rows,
    notes: [
      `At 256 in flight a message takes ${each.echo} with the echo and ${each.verify} with a verification, all told: between them lie reading the request, its digest, the decision, the count of use and the text of the answer.`,
    ],
  };
}
