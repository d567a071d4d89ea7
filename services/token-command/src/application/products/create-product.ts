import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { productsCreate } from '@tollgate/contracts';
import type { EventSource } from '@tollgate/event-log';
import { createProduct, product } from '../../domain/product.ts';
import { CommandRunner } from '../command-runner.ts';
import { EVENT_SOURCE, PRODUCT_LIST, READ_MODEL } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import type { ProductList } from './ports.ts';
import { presentProduct } from './present.ts';

@Handles(productsCreate)
export class CreateProduct implements OperationHandler<typeof productsCreate> {
  constructor(
    private readonly commands: CommandRunner,
    @Inject(PRODUCT_LIST) private readonly products: ProductList,
    @Inject(EVENT_SOURCE) private readonly source: EventSource,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async execute(message: OperationMessage<typeof productsCreate>) {
    const { key, name, tokenPrefix, environments, mcpUrl = null, resources } = message.input;
    // The key is unique by its stream. The prefix is a courtesy to people and no credential, so the read model, brought up
    // to date, is good enough: two operators who register one prefix in the same moment both succeed.
    await this.readModel.waitFor(await this.source.head());
    const prefixOf = await this.products.ofPrefix(tokenPrefix);
    const outcome = await this.commands.run({
      operation: productsCreate,
      message,
      orgId: null,
      aggregate: product,
      id: key,
      decide: (state) =>
        createProduct(state, { product: { key, name, tokenPrefix, environments, mcpUrl, resources }, prefixOf }),
    });
    return { product: presentProduct(outcome), position: outcome.position };
  }
}
