import { type ExecutionContext } from '@nestjs/common';

/** `accountsCreate` of `AccountsController.create`. */
export function operationIdFactory(controller: string, method: string): string {
  const resource = controller.replace(/Controller$/, '');
  return `${resource.charAt(0).toLowerCase()}${resource.slice(1)}${method.charAt(0).toUpperCase()}${method.slice(1)}`;
}

/** The name of a route's operation, as the API description has it. */
export function operationIdOf(context: ExecutionContext): string {
  const handler = context.getHandler();
  const said = Reflect.getMetadata('swagger/apiOperation', handler) as { readonly operationId?: string } | undefined;
  return said?.operationId ?? operationIdFactory(context.getClass().name, handler.name);
}
