import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensMcpJson } from '@tollgate/contracts';
import { mcpConfiguration } from '../../domain/mcp-config.ts';
import { McpServers } from './mcp-servers.ts';

@Handles(tokensMcpJson)
export class McpJson implements OperationHandler<typeof tokensMcpJson> {
  constructor(private readonly servers: McpServers) {}

  async execute({ input, call }: OperationMessage<typeof tokensMcpJson>) {
    return mcpConfiguration(input.client, await this.servers.of(input, call));
  }
}
