import { z } from 'zod';
import { operation } from '../operation.ts';
import { atLeast, OrgId, TokenId } from '../values.ts';

/** Programs for which Tollgate writes the configuration that they read. */
export const McpClient = z.enum(['vscode', 'claude-code', 'claude-desktop', 'cursor', 'n8n', 'langdock']);
export type McpClient = z.infer<typeof McpClient>;

const shared = {
  service: 'token-command',
  kind: 'query',
  who: ['owner', 'admin', 'member'],
  errors: ['MCP_URL_MISSING'],
} as const;

export const tokensMcpJson = operation({
  ...shared,
  name: 'tokens.mcp-json',
  summary:
    'The configuration with which a client reaches the MCP server by this token; the secret is a reference in it',
  http: { method: 'GET', path: '/v1/orgs/:org/tokens/:tok/mcp.json' },
  input: z.strictObject({ org: OrgId, tok: TokenId, client: McpClient.default('vscode'), atLeast }),
  /** In the client's own shape. */
  output: z.record(z.string(), z.unknown()),
  example: {
    input: { client: 'vscode' },
    output: {
      servers: {
        'my-claude-connection': {
          type: 'http',
          url: 'https://mcp.acme.example/mcp',
          headers: { Authorization: 'Bearer ${input:agent_token}' },
        },
      },
      inputs: [
        {
          type: 'promptString',
          id: 'agent_token',
          description: 'Secret of the agent token My Claude Connection (sk_live_...9f3c)',
          password: true,
        },
      ],
    },
  },
});

export const tokensInstallVscode = operation({
  ...shared,
  name: 'tokens.install-vscode',
  summary: 'The link that adds the MCP server to VS Code, which then asks for the secret',
  http: { method: 'GET', path: '/v1/orgs/:org/tokens/:tok/install/vscode' },
  input: z.strictObject({ org: OrgId, tok: TokenId, atLeast }),
  output: z.object({ url: z.string() }),
  example: { output: { url: 'vscode:mcp/install?%7B%22name%22%3A%22my-claude-connection%22…' } },
});
