/** The path parameter that names an account. */
export const ACCOUNT_PARAM = { name: 'account', description: 'Id or code.', example: 'assets:bank:main' } as const;
