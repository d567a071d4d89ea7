/* The promise of revocation as it is built: leases after Gray and Cheriton (1989), and a barrier after every narrowing change.

   Claim: a verification that STARTS after a narrowing call returned is never accepted on a state before that change.

   Position k of the log narrows token k. NV verifiers apply the log in order; NR calls narrow, one token each. NS renewals of
   a lease may be held or under way at once. Time passes in ticks of the authority's clock; a verifier's clock may miss D of
   them within one lease. Everything else interleaves freely, so messages are lost, delayed and reordered, links are cut,
   and any process pauses, or stops for ever, between any two steps.

   Where the code is: services/token-command/src/application/leases, libs/verifier/src/{lease,lease-keeper,follower,verifier}.ts.
   check.ts runs it, and names the mutants: with -DM_xxx one rule of the protocol is broken, and Spin must find a
   counterexample. */
#ifndef NV
#define NV 1
#endif
#ifndef NR
#define NR 1
#endif
#ifndef NS
#define NS 2
#endif
#ifndef L
#define L 2
#endif
#ifndef D
#define D 1
#endif
#ifndef MARGIN
#define MARGIN D
#endif
#ifdef AGAIN
#define NB (NR + 1)
#else
#define NB NR
#endif

/* Postgres */
byte head;                  /* the last committed position                                     */
byte row[NV];               /* lease rows: 0 = none                                            */
bit  same[NB * NV];         /* the row is still the one that the barrier read: a renewal number is never given out twice */

/* the authority */
byte acked[NV];             /* the highest position that an incarnation says it has applied: kept from barrier to barrier */
byte elapsed[NB];           /* a barrier's clock, from the commit; it stands still at L + MARGIN */
bit  timing[NB];
byte known[NB];             /* the same, from when it had read the leases: a lease in what was read ends within this time */
bit  keeping[NB];
#ifdef LOSS
bit  lost;                  /* the mark beside the lease rows is not intact: some may be missing */
bit  noticed;
byte since;                 /* the watch's clock, from when it noticed; it stands still at L + MARGIN */
#endif
byte returned;              /* bit k - 1: a call that narrows token k has returned              */

/* the verifiers */
byte applied[NV];
byte left[NV * NS];         /* ticks left of a grant on its verifier's clock, counted from t0   */
byte slip[NV * NS];         /* ticks that clock may still miss                                  */
byte need[NV * NS];         /* the head that came with the grant                                */
bit  held[NV * NS];         /* its reply has arrived                                            */
bit  gone[NV];              /* shut down cleanly                                                */

#define RUNNING(v, s)   (held[(v) * NS + s] && left[(v) * NS + s] > 0)
#define REACHED(v, s)   (applied[v] >= need[(v) * NS + s])
/* A newer grant that is not caught up with yet leaves an older one as it is. */
#if NS == 1
#define MAY_ANSWER(v)   (RUNNING(v, 0) && REACHED(v, 0))
#else
#define MAY_ANSWER(v)   ((RUNNING(v, 0) && REACHED(v, 0)) || (RUNNING(v, 1) && REACHED(v, 1)))
#endif

active proctype Clock() {
  byte v, i; bit slow;
  do
  :: atomic {
       v = 0;
       do
       :: v < NV ->
          /* One clock for all grants of a verifier: it may miss this tick if every running grant allows it. */
          slow = 1; i = v * NS;
          do :: i < (v + 1) * NS -> if :: left[i] > 0 && slip[i] == 0 -> slow = 0 :: else fi; i++ :: else -> break od;
          if :: slow -> skip :: slow = 0 fi;
          i = v * NS;
          do
          :: i < (v + 1) * NS ->
             if
             :: left[i] > 0 && slow  -> slip[i]--
             :: left[i] > 0 && !slow ->
                left[i]--;
                if :: left[i] == 0 -> slip[i] = 0; if :: held[i] -> held[i] = 0; need[i] = 0 :: else fi :: else fi
             :: else
             fi;
             i++
          :: else -> break
          od;
          v++
       :: else -> break
       od;
       i = 0;
       do
       :: i < NB ->
          if :: timing[i]  && elapsed[i] < L + MARGIN -> elapsed[i]++ :: else fi;
          if :: keeping[i] && known[i]   < L + MARGIN -> known[i]++   :: else fi;
          i++
       :: else -> break
       od;
#ifdef LOSS
       if :: noticed && since < L + MARGIN -> since++ :: else fi;
#endif
       v = 0; i = 0; slow = 0
     }
  od
}

/* One statement, one transaction: insert the row, or give it its next number. */
inline commit_row(v) {
  atomic {
#ifdef M_RENEWALS_RESTART
    row[v] < 2 -> row[v]++;                           /* counted from 1 in each row; the barrier compares what it read */
#else
    row[v] = 1; b = 0;
    do :: b < NB -> same[b * NV + v] = 0; b++ :: else -> break od;
    b = 0
#endif
  }
}

proctype Renewal(byte v, s) {
  byte h, b;
#ifdef RENEWALS
  byte count;
#endif
  do
  :: gone[v] -> break
#ifdef RENEWALS
  :: atomic { !gone[v] && count < RENEWALS -> count++; left[v * NS + s] = L; slip[v * NS + s] = D; held[v * NS + s] = 0; need[v * NS + s] = 0 };  /* t0 */
#else
  :: atomic { !gone[v] -> left[v * NS + s] = L; slip[v * NS + s] = D; held[v * NS + s] = 0; need[v * NS + s] = 0 };  /* t0 */
#endif
#ifdef M_READ_FIRST
     h = head; commit_row(v);
#else
     commit_row(v); h = head;
#endif
     if
     :: atomic { !gone[v] ->                          /* the reply arrives, any time later */
#ifdef M_LEASE_AT_RECEIPT
          left[v * NS + s] = L; slip[v * NS + s] = D;
#endif
          if
          :: left[v * NS + s] > 0 ->
             held[v * NS + s] = 1;
#ifndef M_NO_CATCHUP
             need[v * NS + s] = h;
#endif
#ifdef M_OLDER_EXTENDED
             if :: held[v * NS + 1 - s] -> left[v * NS + 1 - s] = left[v * NS + s] :: else fi;
#endif
          :: else
          fi;
          h = 0 }
     :: atomic { left[v * NS + s] = 0; slip[v * NS + s] = 0; h = 0 }       /* it is lost */
     fi
  od
}

proctype Follower(byte v) {
  do
#ifdef M_ACK_EARLY
  :: atomic { acked[v] < head -> acked[v] = head }    /* acknowledged when it is received */
#else
#ifndef NO_ACKS
  :: atomic { acked[v] < applied[v] -> acked[v] = applied[v] }
#endif
#endif
  :: atomic { applied[v] < head -> applied[v]++ }
  od
}

proctype Verify(byte v) {
  byte s;
  do
  :: s = returned;                                    /* the request begins */
     atomic {
       if
       :: MAY_ANSWER(v) -> assert((s >> applied[v]) == 0)   /* tokens after `applied` are accepted */
       :: else                                              /* UNDECIDABLE */
       fi;
       s = 0 }
  od
}

#ifdef STRICT
proctype Strict(byte v) {                             /* a strict request needs no lease */
  byte s, h;
  do
#ifdef M_STRICT_BEFORE
  :: h = head; s = returned;                          /* shares a read that was made before it began */
#else
  :: s = returned; h = head;
#endif
     atomic { applied[v] >= h -> assert((s >> applied[v]) == 0); s = 0; h = 0 }
  od
}
#endif

#ifdef RESTART
proctype Restart() {                                  /* the authority starts anew: acknowledgements are gone, rows are not */
  atomic {
    acked[0] = 0;
#ifdef M_ROWS_IN_MEMORY
    row[0] = 0
#endif
  }
}
#endif

#ifdef LOSS
proctype Loss() { atomic { row[0] = 0; lost = 1 } }   /* a restore; the mark goes with the rows */

proctype Watch() {                                    /* vouches for the rows again */
  atomic { lost -> noticed = 1 };
#ifndef M_VOUCH_EARLY
  since >= L + MARGIN;
#endif
  lost = 0
}
#endif

#ifdef LEAVE
proctype Leave(byte v) {
#ifdef M_LEAVE_EARLY
  row[v] = 0;
#endif
  atomic {
    gone[v] = 1; left[v * NS] = 0; slip[v * NS] = 0; held[v * NS] = 0; need[v * NS] = 0;
#if NS > 1
    left[v * NS + 1] = 0; slip[v * NS + 1] = 0; held[v * NS + 1] = 0; need[v * NS + 1] = 0
#endif
  };
  row[v] = 0
}
#endif

#ifdef M_SHARED_ID
proctype Orphan(byte v) { (head >= 1); acked[v] = 1 }  /* an older process of the same name acknowledges for it */
#endif

#ifdef M_REBUILD_BEHIND
proctype Rebuild(byte v) { atomic { applied[v] > 0 -> applied[v]-- } }   /* goes on with a replica that is behind the old one */
#endif

inline read_leases() {
  d_step {
    v = 0;
    do :: v < NV -> seen[v] = row[v]; same[b * NV + v] = 1; v++ :: else -> break od;
    v = 0; keeping[b] = 1;
#if defined(LOSS) && !defined(M_LOSS_IGNORED)
    blind = lost                                      /* of the same moment as the rows */
#endif
  }
}

#ifdef M_ANY_ACK
#define ACKNOWLEDGED(v) (!seen[v] || acked[v] > 0)
#else
#define ACKNOWLEDGED(v) (!seen[v] || acked[v] >= p)
#endif
#if NV == 1
#define NOTHING_TO_FORGET (!seen[0])
#else
#define NOTHING_TO_FORGET (!seen[0] && !seen[1])
#endif
#if NV == 1
#define DONE ACKNOWLEDGED(0)
#elif defined(M_ONE_ACK)
#define DONE (ACKNOWLEDGED(0) || ACKNOWLEDGED(1))
#else
#define DONE (ACKNOWLEDGED(0) && ACKNOWLEDGED(1))
#endif

/* One narrowing call. `again`: it finds that another call has committed its change, and runs a barrier of its own. */
proctype Narrow(byte b, p; bit again) {
  byte v, seen[NV]; bit blind;
#ifdef M_LEASES_BEFORE_COMMIT
  read_leases();
#endif
#ifdef M_TIMER_BEFORE_COMMIT
  timing[b] = 1;
#endif
  if
  :: again -> (head >= p);
#ifdef M_AGAIN_RETURNS
     goto answer
#endif
  :: !again -> atomic { head == p - 1 -> head = p }
  fi;
  timing[b] = 1;
#ifndef M_LEASES_BEFORE_COMMIT
#ifdef UNREADABLE
  if :: blind = 1 :: read_leases() fi;
#else
  read_leases();
#endif
#endif
#ifndef M_NO_WAIT
#ifdef M_UNREADABLE_RETURNS
  atomic { blind || DONE || elapsed[b] >= L + MARGIN;
#else
  atomic { (!blind && DONE) || elapsed[b] >= L + MARGIN;
#endif
    v = 0;
    do :: v < NV -> if :: ACKNOWLEDGED(v) -> seen[v] = 0 :: else fi; v++ :: else -> break od;
    v = 0; timing[b] = 0; elapsed[b] = 0;
    if :: NOTHING_TO_FORGET -> keeping[b] = 0; known[b] = 0 :: else fi };
#endif
#ifdef M_AGAIN_RETURNS
answer:
#endif
  atomic { returned = returned | (1 << (p - 1)); blind = 0 };
  /* Leases that did not acknowledge are removed, but only when they have certainly run out. */
#ifndef M_FORGET_AT_TIMEOUT
  if :: NOTHING_TO_FORGET -> skip :: else -> known[b] >= L + MARGIN fi;
#endif
  do
  :: v < NV ->
     atomic {
#if defined(M_FORGET_UNCHECKED)
       if :: seen[v] -> row[v] = 0 :: else fi;
#elif defined(M_RENEWALS_RESTART)
       if :: seen[v] && seen[v] == row[v] -> row[v] = 0 :: else fi;
#else
       if :: seen[v] && same[b * NV + v] -> row[v] = 0 :: else fi;
#endif
       same[b * NV + v] = 0; seen[v] = 0; v++ }
  :: else -> break
  od;
  atomic { keeping[b] = 0; known[b] = 0; v = 0 }
}

init { atomic {
  byte v, s;
  v = 0;
  do
  :: v < NV ->
     run Follower(v); run Verify(v);
     s = 0; do :: s < NS -> run Renewal(v, s); s++ :: else -> break od;
     v++
  :: else -> break
  od;
  s = 0; do :: s < NR -> run Narrow(s, s + 1, 0); s++ :: else -> break od;
#ifdef AGAIN
  run Narrow(NR, 1, 1);
#endif
#ifdef STRICT
  run Strict(0);
#endif
#ifdef RESTART
  run Restart();
#endif
#ifdef LOSS
  run Loss(); run Watch();
#endif
#ifdef LEAVE
  run Leave(0);
#endif
#ifdef M_SHARED_ID
  run Orphan(0);
#endif
#ifdef M_REBUILD_BEHIND
  run Rebuild(0);
#endif
} }
