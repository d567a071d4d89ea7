import {
  Catch,
  Controller,
  Inject,
  UseFilters,
  type OnModuleInit,
  type RpcExceptionFilter,
  type Type,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { Ctx, MessagePattern, Payload } from '@nestjs/microservices';
import { allOperations, type AnyOperation, type ServiceName } from '@tollgate/contracts';
import { throwError, type Observable } from 'rxjs';
import type { CallContext } from './call-context.ts';
import { commandOf, handledOperationOf } from './handlers.ts';

/**
 * A Nest controller with one `@MessagePattern` method per operation of the service, each handing its message to the
 * command or query bus. Every operation needs a provider decorated with `@Handles(operation)`: a missing one, or two of
 * them, fails the start with a sentence that names it.
 *
 * `options.direct` names those that the service answers below Nest's pipeline (`NatsServiceStrategy.serveDirectly`);
 * `options.operations` replaces the list of all operations.
 */
export function operationsController(
  service: ServiceName,
  options: { direct?: readonly AnyOperation[]; operations?: readonly AnyOperation[] } = {},
): Type {
  const operations = (options.operations ?? allOperations).filter(
    (operation) => operation.service === service && !options.direct?.includes(operation),
  );

  class OperationsController implements OnModuleInit {
    readonly commandBus: CommandBus;
    readonly queryBus: QueryBus;
    readonly modules: ModulesContainer;

    constructor(commandBus: CommandBus, queryBus: QueryBus, modules: ModulesContainer) {
      this.commandBus = commandBus;
      this.queryBus = queryBus;
      this.modules = modules;
    }

    onModuleInit(): void {
      requireOneHandlerEach(operations, this.modules);
    }
  }
  const prototype = OperationsController.prototype as unknown as Record<string, unknown>;

  for (const operation of operations) {
    const Message = commandOf(operation);
    const method =
      operation.kind === 'command'
        ? function (this: OperationsController, input: unknown, call: CallContext) {
            return this.commandBus.execute(new Message(input, call));
          }
        : function (this: OperationsController, input: unknown, call: CallContext) {
            return this.queryBus.execute(new Message(input, call));
          };
    Object.defineProperty(prototype, operation.name, {
      value: method,
      configurable: true,
      writable: true,
      enumerable: false,
    });
    Payload()(prototype, operation.name, 0);
    Ctx()(prototype, operation.name, 1);
    const descriptor = Object.getOwnPropertyDescriptor(prototype, operation.name) as TypedPropertyDescriptor<unknown>;
    MessagePattern(operation.name)(prototype, operation.name, descriptor);
  }
  Inject(CommandBus)(OperationsController, undefined, 0);
  Inject(QueryBus)(OperationsController, undefined, 1);
  Inject(ModulesContainer)(OperationsController, undefined, 2);
  UseFilters(new PassOn())(OperationsController);
  Controller()(OperationsController);
  return OperationsController;
}

/** Without it Nest logs every refusal as an error and replaces it by "Internal server error". The transport does both better. */
class PassOn implements RpcExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}
Catch()(PassOn);

function requireOneHandlerEach(operations: readonly AnyOperation[], modules: ModulesContainer): void {
  const handlers = new Map<AnyOperation, Set<string>>();
  for (const module of modules.values()) {
    for (const { metatype } of module.providers.values()) {
      const operation = metatype ? handledOperationOf(metatype) : undefined;
      if (!operation || !metatype) continue;
      handlers.set(operation, (handlers.get(operation) ?? new Set()).add(metatype.name));
    }
  }
  const complaints = operations.flatMap((operation) => {
    const names = [...(handlers.get(operation) ?? [])];
    if (names.length === 1) return [];
    return names.length === 0
      ? [`${operation.name} has no handler: provide a class decorated with @Handles for it`]
      : [`${operation.name} has ${names.length} handlers (${names.join(', ')}): keep one`];
  });
  if (complaints.length > 0) throw new Error(`Operations without exactly one handler. ${complaints.join('; ')}.`);
}
