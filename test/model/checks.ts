export interface Check {
  readonly name: string;
  /** `clean`: no state of the whole search breaks the claim. `counterexample`: Spin must find one that does. */
  readonly expect: 'clean' | 'counterexample';
  readonly defines: readonly string[];
}

const clean = (name: string, ...defines: string[]): Check => ({ name, expect: 'clean', defines });
const mutant = (name: string, ...defines: string[]): Check => ({
  name: `mutant ${name}`,
  expect: 'counterexample',
  defines: [`M_${name}`, ...defines],
});

const small = ['NS=1', 'L=2', 'D=1'];
const twoCalls = ['NS=1', 'NR=2', 'L=1', 'D=0'];
/** Two barriers for the first change and one for the second, over a link that carries no acknowledgement. */
const threeBarriers = [...twoCalls, 'AGAIN', 'NO_ACKS', 'RENEWALS=2'];

/** What the model is asked: the protocol as it is built, and the same with one rule broken. */
export const checks: readonly Check[] = [
  clean('two grants at once', 'NS=2', 'L=3', 'D=1'),
  clean('a long lease', 'NS=1', 'L=6', 'D=2'),
  clean('two verifiers', 'NV=2', 'NS=1', 'L=1', 'D=0'),
  clean('two narrowing calls', 'NS=1', 'NR=2', 'L=2', 'D=0'),
  clean('three barriers', ...threeBarriers),
  clean('a repeated call', ...small, 'AGAIN'),
  clean('a clean shutdown', 'NS=2', 'L=2', 'D=0', 'LEAVE'),
  clean('an outage of the authority', ...small, 'RESTART', 'UNREADABLE', 'STRICT'),
  clean('lease rows are lost', ...small, 'LOSS'),

  // The verifier.
  mutant('LEASE_AT_RECEIPT', ...small),
  mutant('NO_CATCHUP', ...small),
  mutant('OLDER_EXTENDED', 'NS=2', 'L=2', 'D=0'),
  mutant('ACK_EARLY', ...small),
  mutant('SHARED_ID', ...small),
  mutant('REBUILD_BEHIND', ...small),
  mutant('LEAVE_EARLY', ...small, 'LEAVE'),
  mutant('STRICT_BEFORE', ...small, 'STRICT'),
  // The authority: granting a lease.
  mutant('READ_FIRST', ...small),
  mutant('ROWS_IN_MEMORY', ...small, 'RESTART'),
  // The barrier.
  mutant('LEASES_BEFORE_COMMIT', ...small),
  mutant('TIMER_BEFORE_COMMIT', ...small),
  mutant('NO_WAIT', ...small),
  { ...mutant('NO_MARGIN'), defines: [...small, 'MARGIN=0'] },
  mutant('ONE_ACK', 'NV=2', 'NS=1', 'L=1', 'D=0'),
  mutant('ANY_ACK', ...twoCalls),
  mutant('AGAIN_RETURNS', ...small, 'AGAIN'),
  mutant('UNREADABLE_RETURNS', ...small, 'UNREADABLE'),
  mutant('LOSS_IGNORED', ...small, 'LOSS'),
  mutant('VOUCH_EARLY', ...small, 'LOSS'),
  // Forgetting leases that ran out.
  mutant('FORGET_UNCHECKED', ...twoCalls),
  mutant('FORGET_AT_TIMEOUT', ...twoCalls),
  mutant('RENEWALS_RESTART', ...threeBarriers),
];
