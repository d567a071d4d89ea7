import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { productsSetPrice } from '@tollgate/contracts';
import { product, setPrice } from '../../domain/product.ts';
import { CommandRunner } from '../command-runner.ts';
import { presentProduct } from './present.ts';
import { priceOf } from './price-input.ts';

@Handles(productsSetPrice)
export class SetPrice implements OperationHandler<typeof productsSetPrice> {
  constructor(private readonly commands: CommandRunner) {}

  async execute(message: OperationMessage<typeof productsSetPrice>) {
    const price = priceOf(message.input);
    const outcome = await this.commands.run({
      operation: productsSetPrice,
      message,
      orgId: null,
      aggregate: product,
      id: message.input.key,
      decide: (state, _, now) => setPrice(state, { price, now }),
    });
    return { product: presentProduct(outcome), position: outcome.position };
  }
}
