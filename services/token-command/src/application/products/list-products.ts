import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { productsList } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { fold } from '../../domain/aggregate.ts';
import { product } from '../../domain/product.ts';
import { streamName } from '../command-runner.ts';
import { pageOf, pageStart } from '../paging.ts';
import { PRODUCT_LIST, READ_MODEL, STREAMS } from '../ports.ts';
import type { ReadModel } from '../read-model.ts';
import type { ProductList } from './ports.ts';
import { presentProduct } from './present.ts';

/** The cursor's tenant: products belong to the platform. */
const platform = '';

@Handles(productsList)
export class ListProducts implements OperationHandler<typeof productsList> {
  constructor(
    @Inject(PRODUCT_LIST) private readonly products: ProductList,
    @Inject(STREAMS) private readonly streams: StreamReader,
    @Inject(READ_MODEL) private readonly readModel: ReadModel,
  ) {}

  async execute({ input: { limit, cursor, atLeast } }: OperationMessage<typeof productsList>) {
    if (atLeast !== undefined) await this.readModel.waitFor(atLeast);
    const rows = await this.products.keys(pageStart('products', platform, cursor), limit + 1);
    const streams = await this.streams.readStreams(rows.map(({ id }) => streamName(product, id)));
    return pageOf('products', platform, limit, rows, ({ id }) =>
      presentProduct(fold(product, streams.get(streamName(product, id)) ?? [])),
    );
  }
}
