import { applyDecorators } from '@nestjs/common';
import {
  ApiExtraModels,
  ApiProperty,
  ApiPropertyOptional,
  ApiResponse,
  ApiSchema,
  getSchemaPath,
} from '@nestjs/swagger';
import { type ProblemType } from '../../common/problems/problem';

@ApiSchema({ name: 'ProblemItem' })
class ProblemItemSchema {
  @ApiProperty({
    description: 'JSON Pointer (RFC 6901) into the body, or `?name` for a query parameter, or a header’s name.',
    example: '/email',
  })
  pointer: string;

  @ApiProperty({ description: 'What the field must be.', example: 'must be an email' })
  detail: string;

  @ApiPropertyOptional({
    description: 'Of the problem that it is by itself, where one problem stands for several.',
    example: 'insufficient-funds',
  })
  code?: string;
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
 * Documents the problems that are a route's own. Those that follow from what every route is, or from the form of this
 * one (its body, Idempotency-Key, If-Match, cursor), are added when the API description is made
 * (`openapi/complete-document.ts`).
 */
export function ApiProblems(...types: ProblemType[]): MethodDecorator {
  return applyDecorators(
    ApiExtraModels(ProblemDocumentSchema),
    ...[...groupByStatus(types)].map(([status, group]) => ApiResponse({ status, ...problemResponse(group) })),
  );
}

export function groupByStatus(types: Iterable<ProblemType>): Map<number, ProblemType[]> {
  const groups = new Map<number, ProblemType[]>();
  for (const type of types) groups.set(type.status, [...(groups.get(type.status) ?? []), type]);
  return groups;
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** The description of an answer that carries one of these problems. Its examples are components of the document. */
export function problemResponse(types: readonly ProblemType[]) {
  return {
    description: types.map(({ title, code }) => `${title} (\`${code}\`)`).join('; ') || 'The request is refused.',
    content: {
      [PROBLEM_MEDIA_TYPE]: {
        schema: { $ref: getSchemaPath(ProblemDocumentSchema) },
        examples: Object.fromEntries(types.map(({ code }) => [code, { $ref: `#/components/examples/${code}` }])),
      },
    },
  };
}
