import { CommandHandler, QueryHandler } from '@nestjs/cqrs';
import type { AnyOperation, InputOf, OutputOf } from '@tollgate/contracts';
import type { CallContext } from './call-context.ts';

/** What travels from the transport to the handler: the validated input, and who called how. */
export interface OperationMessage<Op extends AnyOperation> {
  readonly input: InputOf<Op>;
  readonly call: CallContext;
}

/** One class per use case implements this and is decorated with `@Handles(operation)`. */
export interface OperationHandler<Op extends AnyOperation> {
  execute(message: OperationMessage<Op>): Promise<OutputOf<Op>>;
}

export type OperationMessageClass<Op extends AnyOperation> = new (
  input: InputOf<Op>,
  call: CallContext,
) => OperationMessage<Op>;

const messageClasses = new WeakMap<AnyOperation, OperationMessageClass<AnyOperation>>();

/** The class of the command or query for an operation: always the same one for the same operation, as the CQRS buses need. */
export function commandOf<Op extends AnyOperation>(operation: Op): OperationMessageClass<Op> {
  let messageClass = messageClasses.get(operation);
  if (!messageClass) {
    messageClass = class implements OperationMessage<Op> {
      readonly input: InputOf<Op>;
      readonly call: CallContext;

      constructor(input: InputOf<Op>, call: CallContext) {
        this.input = input;
        this.call = call;
      }
    };
    // The CQRS buses put the class name into their errors: "no handler for tokens.create".
    Object.defineProperty(messageClass, 'name', { value: operation.name });
    messageClasses.set(operation, messageClass);
  }
  return messageClass as OperationMessageClass<Op>;
}

const handledOperation = Symbol.for('tollgate.bus.handled-operation');

/** Class decorator: this provider handles that operation. */
export function Handles(operation: AnyOperation): ClassDecorator {
  const cqrsDecorator =
    operation.kind === 'command' ? CommandHandler(commandOf(operation)) : QueryHandler(commandOf(operation));
  return (target) => {
    cqrsDecorator(target);
    Reflect.defineMetadata(handledOperation, operation, target);
  };
}

/** The operation that a class handles by `@Handles`, if any. */
export function handledOperationOf(target: object): AnyOperation | undefined {
  return Reflect.getMetadata(handledOperation, target);
}
