/** What may change of an organization or a product once it is registered. */
export interface Details {
  readonly name: string;
  /** The MCP server of its own. */
  readonly mcpUrl: string | null;
}

export const detailsOf = ({ name, mcpUrl }: Details): Details => ({ name, mcpUrl });

/** All of them after a change, in which what is undefined stays as it is; null when nothing changes. */
export function changedDetails(
  previous: Details,
  change: { name?: string | undefined; mcpUrl?: string | null | undefined },
): Details | null {
  const { name = previous.name, mcpUrl = previous.mcpUrl } = change;
  return name === previous.name && mcpUrl === previous.mcpUrl ? null : { name, mcpUrl };
}
