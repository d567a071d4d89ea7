import { Inject, Injectable } from '@nestjs/common';
import type { CallContext } from '@tollgate/bus';
import type { StreamReader } from '@tollgate/event-log';
import { fold } from '../../domain/aggregate.ts';
import { type McpServer, mcpServerOf } from '../../domain/mcp-config.ts';
import { organization, theOrganization } from '../../domain/organization.ts';
import { product, theProduct } from '../../domain/product.ts';
import { streamName } from '../command-runner.ts';
import { LogPosition } from '../log-position.ts';
import { STREAMS } from '../ports.ts';
import { readToken } from '../tokens/read-token.ts';
import { tokenFor } from '../visibility.ts';

/** Finds the MCP server that a token reaches, for who may see the token. */
@Injectable()
export class McpServers {
  constructor(
    @Inject(STREAMS) private readonly streams: StreamReader,
    private readonly position: LogPosition,
  ) {}

  async of(
    { org, tok, atLeast }: { org: string; tok: string; atLeast?: number | undefined },
    call: CallContext,
  ): Promise<McpServer> {
    await this.position.reaches(atLeast);
    const token = await readToken(this.streams, org, tok);
    tokenFor(call, org)(token);
    const [ofOrganization, ofProduct] = [streamName(organization, org), streamName(product, token.product)];
    const streams = await this.streams.readStreams([ofOrganization, ofProduct]);
    return mcpServerOf(
      token,
      theOrganization(fold(organization, streams.get(ofOrganization) ?? []).state),
      theProduct(fold(product, streams.get(ofProduct) ?? []).state),
    );
  }
}
