/**
 * The version of the resource in an answer: of the answer itself, or of its first member that is an object
 * (`{token: {version}, position}`). Undefined for lists and for whatever has none.
 */
export function versionOf(answer: unknown): number | undefined {
  if (!isObject(answer)) return undefined;
  if (typeof answer['version'] === 'number') return answer['version'];
  const resource = Object.values(answer).find(isObject);
  return typeof resource?.['version'] === 'number' ? resource['version'] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
