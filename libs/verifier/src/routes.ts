import type { z } from 'zod';
import type { ProductResource } from '@tollgate/contracts';
import { normalisePath } from './path.ts';

/** What a route of a product stands for. */
export interface RouteTarget {
  readonly resource: string;
  readonly operation: string;
}

type Resources = readonly z.infer<typeof ProductResource>[];

/** The routes of one product, ready to be matched. */
export interface Routes {
  /** What they were compiled from. */
  readonly source: Resources;
  /**
   * The operation behind a call, or null: no route has this method and path, two operations claim it, or servers
   * could disagree about what the path means.
   */
  match(method: string, path: string): RouteTarget | null;
}

/** One segment of the tree: literals are tried before the parameter, and that before the wildcard. */
interface Node {
  readonly literals: Map<string, Node>;
  parameter: Node | null;
  /** The route that ends here; `ambiguous` when two operations claim it. */
  end: RouteTarget | 'ambiguous' | null;
  /** The route whose last segment `*` takes one or more segments from here on. */
  tail: RouteTarget | 'ambiguous' | null;
}

const newNode = (): Node => ({ literals: new Map(), parameter: null, end: null, tail: null });

/**
 * Compiles a product's routes: `{name}` stands for one segment, a last `*` for one or more. Literal segments win over
 * parameters and parameters over `*`, from left to right; a method has a tree of its own.
 */
export function compileRoutes(resources: Resources): Routes {
  const trees = new Map<string, Node>();
  for (const resource of resources) {
    for (const { name, method, path } of resource.operations) {
      if (method === undefined || path === undefined) continue;
      const key = method.toUpperCase();
      let tree = trees.get(key);
      if (!tree) trees.set(key, (tree = newNode()));
      insert(tree, path, { resource: resource.name, operation: name });
    }
  }
  return {
    source: resources,
    match(method, path) {
      const tree = trees.get(method.toUpperCase());
      const segments = tree && normalisePath(path);
      if (!segments) return null;
      const found = find(tree, segments, 0);
      return found === 'ambiguous' ? null : found;
    },
  };
}

function insert(tree: Node, path: string, target: RouteTarget): void {
  const segments = path.split('/').filter((segment) => segment !== '');
  const wildcard = segments.at(-1) === '*';
  let node = tree;
  for (const segment of wildcard ? segments.slice(0, -1) : segments) {
    if (segment.startsWith('{') && segment.endsWith('}')) {
      node = node.parameter ??= newNode();
    } else {
      let next = node.literals.get(segment);
      if (!next) node.literals.set(segment, (next = newNode()));
      node = next;
    }
  }
  if (wildcard) node.tail = node.tail === null ? target : 'ambiguous';
  else node.end = node.end === null ? target : 'ambiguous';
}

function find(node: Node, segments: readonly string[], index: number): RouteTarget | 'ambiguous' | null {
  if (index === segments.length) return node.end;
  const literal = node.literals.get(segments[index] as string);
  return (
    (literal && find(literal, segments, index + 1)) ??
    (node.parameter && find(node.parameter, segments, index + 1)) ??
    node.tail
  );
}
