import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { tokensInstallVscode } from '@tollgate/contracts';
import { vscodeInstallLink } from '../../domain/mcp-config.ts';
import { McpServers } from './mcp-servers.ts';

@Handles(tokensInstallVscode)
export class InstallVscode implements OperationHandler<typeof tokensInstallVscode> {
  constructor(private readonly servers: McpServers) {}

  async execute({ input, call }: OperationMessage<typeof tokensInstallVscode>) {
    return { url: vscodeInstallLink(await this.servers.of(input, call)) };
  }
}
