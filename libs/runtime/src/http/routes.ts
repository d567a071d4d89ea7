import type { FastifyInstance } from 'fastify';

export interface Routes {
  /** The methods that some route has for this path (without query). */
  methodsOf(path: string): string[];
}

/** Remembers the routes that are added from now on, to tell "no such route" from "not that method". */
export function rememberRoutes(fastify: FastifyInstance): Routes {
  const patterns = new Map<string, { pattern: RegExp; methods: Set<string> }>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const known = patterns.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() };
    for (const each of [method].flat()) known.methods.add(each);
    patterns.set(url, known);
  });
  return {
    methodsOf: (path) => {
      const methods = [...patterns.values()]
        .filter(({ pattern }) => pattern.test(path))
        .flatMap((route) => [...route.methods]);
      return [...new Set(methods)].toSorted();
    },
  };
}

/** `/v1/orgs/:org/*` as a pattern over paths: a parameter is one non-empty segment, a star is the rest. */
function patternOf(url: string): RegExp {
  const source = url
    .split('/')
    .map((segment) =>
      segment === '*' ? '.*' : segment.startsWith(':') ? '[^/]+' : segment.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('/');
  return new RegExp(`^${source}$`);
}
