import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  ApiSchema,
  getSchemaPath,
} from '@nestjs/swagger';
import {
  FORBIDDEN,
  INTERNAL_ERROR,
  RATE_LIMITED,
  UNAUTHENTICATED,
  UNAVAILABLE,
  VALIDATION_FAILED,
} from '../../common/problems/http.problems';
import { type ProblemType } from '../../common/problems/problem';
import { ACCESS, type Access } from '../security/access.decorators';

@ApiSchema({ name: 'ProblemItem' })
class ProblemItemSchema {
  @ApiProperty({
    description: 'JSON Pointer (RFC 6901) into the body, or `?name` for a query parameter, or a header’s name.',
    example: '/email',
  })
  pointer: string;

  @ApiProperty({ description: 'What the field must be.', example: 'must be an email' })
  detail: string;
}

@ApiSchema({ name: 'ProblemDocument', description: 'What every answer of 400 and above carries (RFC 9457).' })
class ProblemDocumentSchema {
  @ApiProperty({
    description: 'Address of the page that says what the problem means and how to mend it.',
    format: 'uri',
    example: 'https://api.daybook.example/problems/validation-failed',
  })
  type: string;

  @ApiProperty({ description: 'The same for every occurrence.', example: 'The request has invalid fields' })
  title: string;

  @ApiProperty({ description: 'The HTTP status.', type: 'integer', example: 400 })
  status: number;

  @ApiProperty({ description: 'What went wrong this time, for people.', example: 'One field is not valid.' })
  detail: string;

  @ApiProperty({ description: 'Stable name of the type, for programs.', example: 'validation-failed' })
  code: string;

  @ApiPropertyOptional({
    description: 'Under which the log has the request.',
    example: '4bf92f3577b34da6a3ce929d0e0e4736',
  })
  traceId?: string;

  @ApiPropertyOptional({ description: 'One item per invalid field.', type: () => [ProblemItemSchema] })
  errors?: ProblemItemSchema[];
}

/**
 * Documents the problems that a route can answer, besides those that any route can (400, 429, 500, 503, and 401 and 403
 * where it is not public). Stands above `@Public`, `@SignedIn` or `@RequirePermission`, which it reads.
 */
export function ApiProblems(...types: ProblemType[]): MethodDecorator {
  return (target, key, descriptor) => {
    const access = Reflect.getMetadata(ACCESS, descriptor.value as object) as Access | undefined;
    const guarded = access?.kind === 'public' ? [] : [UNAUTHENTICATED, FORBIDDEN];
    const all = new Set([VALIDATION_FAILED, ...guarded, ...types, RATE_LIMITED, INTERNAL_ERROR, UNAVAILABLE]);
    applyDecorators(
      ApiExtraModels(ProblemDocumentSchema),
      ...[...groupByStatus(all)].map(([status, group]) =>
        ApiResponse({
          status,
          description: group.map(({ title, code }) => `${title} (\`${code}\`)`).join('; '),
          content: {
            'application/problem+json': {
              schema: { $ref: getSchemaPath(ProblemDocumentSchema) },
              examples: Object.fromEntries(
                group.map((type) => [type.code, { summary: type.title, value: exampleOf(type) }]),
              ),
            },
          },
        }),
      ),
    )(target, key, descriptor);
  };
}

function groupByStatus(types: Iterable<ProblemType>): Map<number, ProblemType[]> {
  const groups = new Map<number, ProblemType[]>();
  for (const type of types) groups.set(type.status, [...(groups.get(type.status) ?? []), type]);
  return groups;
}

function exampleOf({ code, status, title, description, typeUri }: ProblemType): Record<string, unknown> {
  return {
    type: typeUri ?? `https://api.daybook.example/problems/${code}`,
    title,
    status,
    detail: description,
    code,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  };
}
