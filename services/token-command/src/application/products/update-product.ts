import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { productsUpdate } from '@tollgate/contracts';
import { changeProduct, product } from '../../domain/product.ts';
import { CommandRunner } from '../command-runner.ts';
import { presentProduct } from './present.ts';

@Handles(productsUpdate)
export class UpdateProduct implements OperationHandler<typeof productsUpdate> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof productsUpdate>) {
    const { key, name, mcpUrl } = message.input;
    const outcome = await this.commands.run({
      operation: productsUpdate,
      message,
      orgId: null,
      aggregate: product,
      id: key,
      decide: (state) => changeProduct(state, { name, mcpUrl }),
    });
    return { product: presentProduct(outcome), position: outcome.position };
  }
}
