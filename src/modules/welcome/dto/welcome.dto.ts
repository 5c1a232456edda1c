import { ApiProperty } from '@nestjs/swagger';

export class WelcomeResponse {
  @ApiProperty({ example: 'Daybook' })
  name: string;

  @ApiProperty({ example: 'Double-entry ledgers for products that move money.' })
  description: string;

  /** Where to go on, by what is there. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string', format: 'uri' },
    example: { signIn: 'https://api.example.com/v1/auth/sign-in', problems: 'https://api.example.com/problems' },
  })
  links: Record<string, string>;
}
