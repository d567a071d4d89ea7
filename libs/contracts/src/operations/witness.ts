import { z } from 'zod';
import { operation } from '../operation.ts';

/** From a witness to audit-projector: what it may see of the trees, ids of organizations and hashes, and what it says of them. */
const internal = { service: 'audit-projector', who: ['caller'], internal: true } as const;

/** The id of an organization, or `_` for the platform's own tree. */
export const TreeName = z.string().regex(/^(_|org_[0-9a-z]{1,40})$/, 'must be the id of an organization, or _');
const Size = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** Leaves of one answer at most: with 32 bytes each it stays far below what NATS takes. */
export const witnessLeavesMax = 500;

export const witnessHeads = operation({
  ...internal,
  name: 'witness.heads',
  kind: 'query',
  summary: 'The trees of the audit log and how far they are signed',
  input: z.strictObject({ after: TreeName.nullable() }),
  output: z.object({
    /** The key that checkpoints are signed with. */
    key: z.string(),
    trees: z.array(z.object({ tree: TreeName, size: Size })),
    /** `after` of the next page; null: this was the last one. */
    next: TreeName.nullable(),
  }),
});

export const witnessProof = operation({
  ...internal,
  name: 'witness.proof',
  kind: 'query',
  summary: 'The newest checkpoint of a tree, with the proof that it goes on from a size',
  input: z.strictObject({ tree: TreeName, from: Size }),
  output: z.object({
    /** null: the tree has no entries. */
    note: z.string().nullable(),
    /** RFC 6962 consistency proof, hashes in base64; empty when there is nothing between the two. */
    path: z.array(z.string()),
  }),
});

/** So that a witness sees an entry that was altered, and not only a hash. It learns no more of an entry than its hash. */
export const witnessLeaves = operation({
  ...internal,
  name: 'witness.leaves',
  kind: 'query',
  summary: 'Leaf hashes of a tree, made anew from the stored entries',
  input: z.strictObject({ tree: TreeName, begin: Size, end: Size }),
  output: z.object({
    /** Base64 of 32 bytes for each entry from `begin` on that is there, at most 500. */
    leaves: z.string(),
    /** Base64 of the hashes that are stored with these entries: of the subtrees that each completes, its leaf first. */
    nodes: z.string(),
  }),
});

export const witnessReport = operation({
  ...internal,
  name: 'witness.report',
  kind: 'command',
  summary: 'A cosignature of a tree, or the refusal to give one',
  input: z.strictObject({
    /** The key of the witness. The first one that reports stays the one. */
    key: z.string().max(300),
    tree: TreeName,
    cosigned: z.strictObject({ size: Size, line: z.string().max(400) }).nullable(),
    /** Why nothing of this tree is cosigned any more, until an operator has resolved it. */
    refused: z.string().max(1000).nullable(),
  }),
  output: z.object({ taken: z.boolean() }),
});
