import { type McpClient, TollgateError } from '@tollgate/contracts';

/** The MCP server as a client's configuration names it. */
export interface McpServer {
  /** Begins with a letter, then letters, digits and dashes: what every client takes. */
  readonly name: string;
  readonly url: string;
  /** How people recognise the token whose secret it asks for. */
  readonly secretOf: string;
}

/** Longer names leave clients too little room for the names of tools. */
const nameLengthMax = 32;

/** The server that a token reaches: the organization's own, else the product's. */
export function mcpServerOf(
  token: { readonly name: string; readonly hint: string },
  organization: { readonly mcpUrl: string | null },
  product: { readonly key: string; readonly mcpUrl: string | null },
): McpServer {
  const url = organization.mcpUrl ?? product.mcpUrl;
  if (url === null) {
    throw new TollgateError(
      'MCP_URL_MISSING',
      `Neither the organization nor the product "${product.key}" has an MCP server. ` +
        'Name one: an owner for the organization (PATCH /v1/orgs/:org {"mcpUrl"}), or the operator for the product (PATCH /v1/products/:key).',
    );
  }
  return { name: serverName(token.name), url, secretOf: `the agent token ${token.name} (${token.hint})` };
}

function serverName(text: string): string {
  const words = text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, nameLengthMax)
    .replace(/^-+|-+$/g, '');
  return /^[a-z]/.test(words) ? words : ['mcp', words].filter(Boolean).join('-');
}

/**
 * What the client's configuration file holds, or for those without one the fields of their forms. The secret is a
 * reference in it, for a person or the environment to fill in.
 */
export function mcpConfiguration(client: McpClient, server: McpServer): Record<string, unknown> {
  return configurations[client](server);
}

/** The link behind which VS Code adds the server and asks for the secret. */
export function vscodeInstallLink(server: McpServer): string {
  const { name } = server;
  return `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name, ...vscodeServer(server), inputs: vscodeInputs(server) }))}`;
}

const configurations: Readonly<Record<McpClient, (server: McpServer) => Record<string, unknown>>> = {
  // .vscode/mcp.json
  vscode: (server) => ({ servers: { [server.name]: vscodeServer(server) }, inputs: vscodeInputs(server) }),
  // .mcp.json; ${NAME} is expanded in headers.
  'claude-code': ({ name, url }) => ({
    mcpServers: { [name]: { type: 'http', url, headers: bearer('${AGENT_TOKEN}') } },
  }),
  // ~/.cursor/mcp.json
  cursor: ({ name, url }) => ({ mcpServers: { [name]: { url, headers: bearer('${env:AGENT_TOKEN}') } } }),
  // claude_desktop_config.json knows programs, not servers elsewhere; mcp-remote is the bridge. It expands ${NAME} in
  // headers itself, from the environment that only this file gives it. No argument has a space: on Windows they break there.
  'claude-desktop': ({ name, url, secretOf }) => ({
    mcpServers: {
      [name]: {
        command: 'npx',
        args: [
          '-y',
          'mcp-remote',
          url,
          '--header',
          'Authorization:${AGENT_AUTHORIZATION}',
          ...(url.toLowerCase().startsWith('http:') ? ['--allow-http'] : []),
        ],
        env: { AGENT_AUTHORIZATION: `Bearer <the secret of ${secretOf}>` },
      },
    },
  }),
  // The fields of the node "MCP Client Tool" and of its credential.
  n8n: ({ name, url, secretOf }) => ({
    node: 'MCP Client Tool',
    name,
    fields: [
      { label: 'Endpoint', value: url },
      { label: 'Server Transport', value: 'HTTP Streamable' },
      { label: 'Authentication', value: 'Bearer Auth' },
    ],
    credential: {
      type: 'Bearer Auth',
      fields: [{ label: 'Bearer Token', value: '${AGENT_TOKEN}', secret: true, note: `The secret of ${secretOf}.` }],
    },
  }),
  // The fields of "Add MCP server"; {{ api_key }} is Langdock's own reference to the key.
  langdock: ({ name, url, secretOf }) => ({
    name,
    fields: [
      { label: 'Server URL', value: url },
      { label: 'Transport', value: 'STREAMABLE_HTTP' },
      { label: 'Authentication', value: 'API Key' },
      { label: 'API Key', value: '${AGENT_TOKEN}', secret: true, note: `The secret of ${secretOf}.` },
      { label: 'Custom header', name: 'Authorization', value: 'Bearer {{ api_key }}' },
    ],
  }),
};

const bearer = (reference: string) => ({ Authorization: `Bearer ${reference}` });

const vscodeServer = ({ url }: McpServer) => ({ type: 'http', url, headers: bearer('${input:agent_token}') });

const vscodeInputs = ({ secretOf }: McpServer) => [
  { type: 'promptString', id: 'agent_token', description: `The secret of ${secretOf}`, password: true },
];
