/** What is wrong, or null; a list where it may be wrong with several things. A text is a reason that whoever operates the service can act on. */
export type Finding = string | null | readonly string[];
export type HealthCheck = () => Finding | Promise<Finding>;

export interface Readiness {
  readonly ready: boolean;
  /** Why the service cannot serve: `name: reason`. */
  readonly reasons: string[];
  /** What is wrong without stopping it: `name: reason`. */
  readonly warnings: string[];
}

const answerWithinMs = 1000;
/** Reasons of one check that are shown. */
const shownMax = 10;

/** Collects what must hold for a service to serve. Behind `/readyz`. */
export class HealthRegistry {
  readonly #checks = new Map<string, HealthCheck>();
  readonly #warnings = new Map<string, HealthCheck>();

  /** The service is ready only while this check returns null. */
  check(name: string, check: HealthCheck): void {
    this.#checks.set(name, check);
  }

  /** Shown, but the service stays ready. */
  warn(name: string, check: HealthCheck): void {
    this.#warnings.set(name, check);
  }

  /** Asks all checks, side by side. One that throws, or takes more than a second, counts as failed. */
  async readiness(): Promise<Readiness> {
    const [reasons, warnings] = await Promise.all([outcomes(this.#checks), outcomes(this.#warnings)]);
    return { ready: reasons.length === 0, reasons, warnings };
  }
}

async function outcomes(checks: ReadonlyMap<string, HealthCheck>): Promise<string[]> {
  const all = await Promise.all([...checks].map(async ([name, check]) => [name, await outcome(check)] as const));
  return all.flatMap(([name, finding]) => reasonsOf(finding).map((reason) => `${name}: ${reason}`));
}

function reasonsOf(finding: Finding): readonly string[] {
  const reasons = [finding ?? []].flat();
  if (reasons.length <= shownMax) return reasons;
  return [...reasons.slice(0, shownMax), `and ${reasons.length - shownMax} more`];
}

async function outcome(check: HealthCheck): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`did not answer within ${answerWithinMs} ms`), answerWithinMs);
  });
  try {
    return await Promise.race([check(), tooLate]);
  } catch {
    return 'the check failed';
  } finally {
    clearTimeout(timer);
  }
}

/** A check that asks at most every `forMs`; callers in between share the last answer, or the one under way. */
export function cached(check: HealthCheck, forMs: number): HealthCheck {
  let askedMs = Number.NEGATIVE_INFINITY;
  let answer: Promise<Finding> | undefined;
  return () => {
    if (!answer || performance.now() - askedMs >= forMs) {
      askedMs = performance.now();
      answer = (async () => check())();
    }
    return answer;
  };
}
