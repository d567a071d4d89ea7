import type { Answer, Organization } from './api.ts';

/** A command that was acknowledged, and what the log must therefore hold. */
export interface Acknowledged {
  readonly tokenId: string;
  readonly type: string;
  readonly position: number;
  /** What the answer showed, if the command made one. */
  readonly secret: string | null;
}

/** A token as its last acknowledged command left it. */
export interface KnownToken {
  readonly id: string;
  /** The secret that holds while `status` is active. */
  readonly secret: string;
  /** Secrets that were replaced. */
  readonly former: readonly string[];
  readonly status: 'active' | 'inactive' | 'revoked';
  readonly position: number;
}

export interface Load {
  readonly acknowledged: readonly Acknowledged[];
  /** Tokens whose state is known: no command on them failed. */
  readonly tokens: readonly KnownToken[];
  /** Refusals by status and code, such as `503 SERVICE_UNAVAILABLE`; `no answer` where the connection broke. */
  readonly refusals: ReadonlyMap<string, number>;
  /** Ends the load and returns when the last command has been answered. */
  stop(): Promise<void>;
}

interface Step {
  readonly type: string;
  readonly path: string;
  readonly after: KnownToken['status'];
}

const steps: Readonly<Record<'rename' | 'regenerate' | 'deactivate' | 'activate' | 'revoke', Step>> = {
  rename: { type: 'TokenRenamed', path: '', after: 'active' },
  regenerate: { type: 'TokenRegenerated', path: '/regenerate', after: 'active' },
  deactivate: { type: 'TokenDeactivated', path: '/deactivate', after: 'inactive' },
  activate: { type: 'TokenActivated', path: '/activate', after: 'active' },
  revoke: { type: 'TokenRevoked', path: '/revoke', after: 'revoked' },
};
/** What is done with tokens that exist, in turn. Every other command creates one. */
const turns = [steps.rename, steps.regenerate, steps.revoke, steps.rename, steps.deactivate] as const;

/**
 * Sends commands at a steady rate, whatever becomes of those before: creations, and changes of tokens whose state is
 * known. A token on which a command failed is left alone, because nobody knows whether it was done.
 */
export function startLoad(organization: Organization, perSecond = 100): Load {
  const acknowledged: Acknowledged[] = [];
  const known = new Map<string, KnownToken>();
  const idle: KnownToken[] = [];
  const refusals = new Map<string, number>();
  const underWay = new Set<Promise<void>>();
  let sent = 0;

  const send = async (method: string, path: string, body: object): Promise<Answer | undefined> => {
    const answer = await organization.owner(method, organization.at(path), body).catch(() => undefined);
    if (answer && answer.status < 300) return answer;
    const refusal = answer ? `${answer.status} ${answer.body.code}` : 'no answer';
    refusals.set(refusal, (refusals.get(refusal) ?? 0) + 1);
    return undefined;
  };
  const keep = (token: KnownToken): void => {
    known.set(token.id, token);
    if (token.status !== 'revoked') idle.push(token);
  };

  async function create(number: number): Promise<void> {
    const answer = await send('POST', '/tokens', {
      name: `Token ${number}`,
      accountId: organization.service.id,
      scope: { type: 'multi-space' },
      acknowledgeBilling: true,
    });
    if (!answer) return;
    const { token, secret, position } = answer.body;
    acknowledged.push({ tokenId: token.id, type: 'TokenCreated', position, secret });
    keep({ id: token.id, secret, former: [], status: 'active', position });
  }

  async function change(token: KnownToken, number: number): Promise<void> {
    const { type, path, after } = token.status === 'inactive' ? steps.activate : (turns[(number >> 1) % 5] as Step);
    known.delete(token.id);
    const rename = path === '';
    const answer = await send(
      rename ? 'PATCH' : 'POST',
      `/tokens/${token.id}${path}`,
      rename ? { name: `Renamed ${number}` } : {},
    );
    if (!answer) return;
    const { secret = null, position } = answer.body;
    acknowledged.push({ tokenId: token.id, type, position, secret });
    const secrets = secret ? { secret, former: [...token.former, token.secret] } : {};
    keep({ ...token, ...secrets, status: after, position });
  }

  const startedMs = performance.now();
  const timer = setInterval(() => {
    for (const due = ((performance.now() - startedMs) * perSecond) / 1000; sent < due; sent += 1) {
      const token = sent % 2 === 1 ? idle.shift() : undefined;
      const command = token ? change(token, sent) : create(sent);
      underWay.add(command);
      void command.finally(() => underWay.delete(command));
    }
  }, 10);

  return {
    acknowledged,
    get tokens() {
      return [...known.values()];
    },
    refusals,
    async stop() {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}
