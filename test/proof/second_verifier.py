"""A second verifier of the audit log: Python's standard library alone, written from the text of RFC 6962 section 2.1.

It shares no code with libs/proof. Usage:

  second_verifier.py trees < TREES     compares roots and proofs; one JSON object per line:
                                       {"leaves": [hex data], "size", "root", "inclusion": [[hex]], "consistency": [[hex]]}
                                       (inclusion of each leaf 0..size-1; consistency from each size 1..size)
  second_verifier.py export ROOT < NDJSON
                                       computes the root of a whole export; ROOT is the base64 of the checkpoint's third line

Exit status 0 when everything agrees; 1 with the first difference on stderr.
"""

import base64
import hashlib
import json
import sys


def leaf_hash(data):
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """MTH, PATH and PROOF of RFC 6962 section 2.1, over a list of leaves, with the ranges it has hashed kept."""

    def __init__(self, leaf_hashes):
        self.leaves = leaf_hashes
        self.kept = {}

    def mth(self, begin, end):
        if begin == end:
            return hashlib.sha256(b"").digest()
        if end - begin == 1:
            return self.leaves[begin]
        if (begin, end) not in self.kept:
            middle = begin + largest_power_below(end - begin)
            self.kept[(begin, end)] = node_hash(self.mth(begin, middle), self.mth(middle, end))
        return self.kept[(begin, end)]

    def path(self, m, begin, end):
        if end - begin == 1:
            return []
        k = largest_power_below(end - begin)
        if m < k:
            return self.path(m, begin, begin + k) + [self.mth(begin + k, end)]
        return self.path(m - k, begin + k, end) + [self.mth(begin, begin + k)]

    def proof(self, m, n):
        return self.subproof(m, 0, n, True)

    def subproof(self, m, begin, end, whole):
        if m == end - begin:
            return [] if whole else [self.mth(begin, end)]
        k = largest_power_below(end - begin)
        if m <= k:
            return self.subproof(m, begin, begin + k, whole) + [self.mth(begin + k, end)]
        return self.subproof(m - k, begin + k, end, False) + [self.mth(begin, begin + k)]


def largest_power_below(n):
    return 1 << ((n - 1).bit_length() - 1)


def root_from_path(leaf, index, size, path):
    """Recomputes the root along the same recursion as PATH, from the top down: no loop over bits."""
    if size == 1:
        if path:
            raise ValueError("the path is too long")
        return leaf
    k = largest_power_below(size)
    if index < k:
        return node_hash(root_from_path(leaf, index, k, path[:-1]), path[-1])
    return node_hash(path[-1], root_from_path(leaf, index - k, size - k, path[:-1]))


def roots_from_proof(m, n, old_root, path):
    """The roots of both trees that a consistency proof leads to, along the recursion of SUBPROOF."""

    def walk(m, n, rest, whole):
        if m == n:
            node = old_root if whole else rest.pop()
            return node, node
        k = largest_power_below(n)
        sibling = rest.pop()
        if m <= k:
            old, new = walk(m, k, rest, whole)
            return old, node_hash(new, sibling)
        old, new = walk(m - k, n - k, rest, False)
        return node_hash(sibling, old), node_hash(sibling, new)

    rest = list(path)
    roots = walk(m, n, rest, True)
    if rest:
        raise ValueError("the proof is too long")
    return roots


def check_tree(given):
    size = given["size"]
    tree = Tree([leaf_hash(bytes.fromhex(data)) for data in given["leaves"]])
    root = tree.mth(0, size)
    expect(root.hex() == given["root"], f"the root of {size} leaves")
    for index, path in enumerate(given["inclusion"]):
        hashes = [bytes.fromhex(text) for text in path]
        expect(hashes == tree.path(index, 0, size), f"the inclusion proof of leaf {index} of {size}")
        expect(root_from_path(tree.leaves[index], index, size, hashes) == root, f"leaf {index} of {size}")
    for older, path in enumerate(given["consistency"], start=1):
        hashes = [bytes.fromhex(text) for text in path]
        old_root = tree.mth(0, older)
        expect(hashes == tree.proof(older, size), f"the consistency proof from {older} to {size}")
        expect(roots_from_proof(older, size, old_root, hashes) == (old_root, root), f"{older} is a beginning of {size}")
    return len(given["inclusion"]) + len(given["consistency"])


RECORD = "version id position index at orgId spaceId namespace action outcome reason before after".split()


def record_of(entry):
    identity = lambda thing: {"type": thing["type"], "id": thing["id"]}
    record = {name: entry[name] for name in RECORD}
    record["actor"] = identity(entry["actor"])
    record["targets"] = [identity(target) for target in entry["targets"]]
    record["context"] = {name: entry["context"][name] for name in ("requestId", "traceId", "commitment")}
    return record


def canonical(value):
    """RFC 8785 for what records hold: names sorted by UTF-16, no blanks, integers and short decimals."""
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def check_export(root):
    leaves = []
    for line in sys.stdin:
        entry = json.loads(line)
        expect(entry["index"] == len(leaves), f"entry {entry.get('id')} stands at {len(leaves)}")
        if entry.get("removed"):
            leaves.append(base64.b64decode(entry["leaf"], validate=True))
            continue
        leaves.append(leaf_hash(canonical(record_of(entry)).encode()))
    found = base64.b64encode(Tree(leaves).mth(0, len(leaves))).decode()
    expect(found == root, f"the root of {len(leaves)} entries is {found}")
    return len(leaves)


def expect(holds, what):
    if not holds:
        sys.exit(f"differs: {what}")


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    if sys.argv[1] == "trees":
        print(sum(check_tree(json.loads(line)) for line in sys.stdin))
    else:
        print(check_export(sys.argv[2]))
