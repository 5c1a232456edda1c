/** A platform administrator's, apart from any tenant. */
export function isPlatform(permission: string): boolean {
  return permission.startsWith('platform:');
}
