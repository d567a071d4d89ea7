import { Inject } from '@nestjs/common';
import { Handles, type OperationHandler, type OperationMessage } from '@tollgate/bus';
import { productsGet } from '@tollgate/contracts';
import type { StreamReader } from '@tollgate/event-log';
import { fold } from '../../domain/aggregate.ts';
import { product } from '../../domain/product.ts';
import { streamName } from '../command-runner.ts';
import { LogPosition } from '../log-position.ts';
import { STREAMS } from '../ports.ts';
import { presentProduct } from './present.ts';

@Handles(productsGet)
export class GetProduct implements OperationHandler<typeof productsGet> {
  constructor(
    @Inject(STREAMS) private readonly streams: StreamReader,
    private readonly position: LogPosition,
  ) {}

  async execute({ input: { key, atLeast } }: OperationMessage<typeof productsGet>) {
    await this.position.reaches(atLeast);
    return presentProduct(fold(product, await this.streams.readStream(streamName(product, key))));
  }
}
