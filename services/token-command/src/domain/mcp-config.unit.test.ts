import { describe, expect, it } from '@jest/globals';
import { isTollgateError, McpClient } from '@tollgate/contracts';
import { mcpConfiguration, mcpServerOf, vscodeInstallLink } from './mcp-config.ts';

const url = 'https://mcp.acme.example/mcp';
const token = { name: 'My Claude Connection', hint: 'sk_live_...9f3c' };
const product = { key: 'default', mcpUrl: null };
const server = mcpServerOf(token, { mcpUrl: url }, product);
const secretOf = 'the agent token My Claude Connection (sk_live_...9f3c)';
const name = 'my-claude-connection';
const inputs = [{ type: 'promptString', id: 'agent_token', description: `The secret of ${secretOf}`, password: true }];
const vscode = { type: 'http', url, headers: { Authorization: 'Bearer ${input:agent_token}' } };

describe('the MCP server of a token', () => {
  it("is the organization's, else the product's", () => {
    const other = 'https://mcp.product.example/mcp';
    expect(server.url).toBe(url);
    expect(mcpServerOf(token, { mcpUrl: url }, { key: 'shop', mcpUrl: other }).url).toBe(url);
    expect(mcpServerOf(token, { mcpUrl: null }, { key: 'shop', mcpUrl: other }).url).toBe(other);
  });
  it('is refused when nobody named one, with what to do', () => {
    const refusal = (() => {
      try {
        return mcpServerOf(token, { mcpUrl: null }, product);
      } catch (error) {
        return error;
      }
    })();
    expect(isTollgateError(refusal, 'MCP_URL_MISSING')).toBe(true);
    expect((refusal as Error).message).toContain('"mcpUrl"');
  });
  it.each([
    ['My Claude Connection', name],
    ['Ünïcode & Söhne', 'unicode-sohne'],
    ['  --x--  ', 'x'],
    ['42 answers', 'mcp-42-answers'],
    ['日本語', 'mcp'],
    ['${env:HOME}', 'env-home'],
    [`${'long '.repeat(20)}`, 'long-long-long-long-long-long-lo'],
  ])('is called %j → %s', (text, expected) =>
    expect(mcpServerOf({ ...token, name: text }, { mcpUrl: url }, product).name).toBe(expected),
  );
});

describe('the configuration of', () => {
  it('VS Code asks for the secret', () =>
    expect(mcpConfiguration('vscode', server)).toEqual({ servers: { [name]: vscode }, inputs }));
  it('Claude Code takes the secret from the environment', () =>
    expect(mcpConfiguration('claude-code', server)).toEqual({
      mcpServers: { [name]: { type: 'http', url, headers: { Authorization: 'Bearer ${AGENT_TOKEN}' } } },
    }));
  it('Cursor takes the secret from the environment', () =>
    expect(mcpConfiguration('cursor', server)).toEqual({
      mcpServers: { [name]: { url, headers: { Authorization: 'Bearer ${env:AGENT_TOKEN}' } } },
    }));
  it('Claude Desktop goes over a bridge, without a space in its arguments', () => {
    const configuration = mcpConfiguration('claude-desktop', server);
    expect(configuration).toEqual({
      mcpServers: {
        [name]: {
          command: 'npx',
          args: ['-y', 'mcp-remote', url, '--header', 'Authorization:${AGENT_AUTHORIZATION}'],
          env: { AGENT_AUTHORIZATION: `Bearer <the secret of ${secretOf}>` },
        },
      },
    });
    const plain = mcpServerOf(token, { mcpUrl: 'http://10.0.0.7/mcp' }, product);
    expect(JSON.stringify(mcpConfiguration('claude-desktop', plain))).toContain('"--allow-http"');
  });
  it('n8n and Langdock are the fields to fill in', () => {
    const values = (client: 'n8n' | 'langdock') => JSON.stringify(mcpConfiguration(client, server));
    expect(mcpConfiguration('n8n', server)).toMatchObject({
      fields: [
        { label: 'Endpoint', value: url },
        { label: 'Server Transport', value: 'HTTP Streamable' },
        { label: 'Authentication', value: 'Bearer Auth' },
      ],
      credential: { type: 'Bearer Auth', fields: [{ label: 'Bearer Token', secret: true }] },
    });
    expect(values('langdock')).toContain('{"label":"Server URL","value":"https://mcp.acme.example/mcp"}');
    expect(values('langdock')).toContain('Bearer {{ api_key }}');
  });
  it('every client is JSON that says where, and refers to the secret', () => {
    for (const client of McpClient.options) {
      const text = JSON.stringify(mcpConfiguration(client, server));
      expect(text).toContain(url);
      expect(text).toMatch(/\$\{(input:agent_token|AGENT_TOKEN|env:AGENT_TOKEN|AGENT_AUTHORIZATION)\}/);
    }
  });
});

describe('the install link', () => {
  it('gives the configuration back', () => {
    const odd = mcpServerOf({ ...token, name: 'Müller & Söhne? 100% "#1"' }, { mcpUrl: `${url}?a=1&b=ü` }, product);
    const link = vscodeInstallLink(odd);
    expect(link).toMatch(/^vscode:mcp\/install\?[A-Za-z0-9%_.!~*'()-]+$/);
    const read = JSON.parse(decodeURIComponent(link.slice('vscode:mcp/install?'.length)));
    const { servers, inputs: asked } = mcpConfiguration('vscode', odd) as {
      servers: Record<string, object>;
      inputs: object[];
    };
    expect(read).toEqual({ name: odd.name, ...servers[odd.name], inputs: asked });
  });
});
