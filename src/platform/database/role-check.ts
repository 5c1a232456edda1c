import { type DataSource } from 'typeorm';

/** The application's role could see other tenants' rows. */
export class UnsafeRoleError extends Error {
  constructor(reasons: readonly string[]) {
    super(
      `Refusing to start: ${reasons.join('; ')}. DATABASE_URL must name the role daybook_app (docs/decisions/0003-rls-and-roles.md).`,
    );
    this.name = 'UnsafeRoleError';
  }
}

/** TEN-01: row-level security protects nothing from a superuser, a BYPASSRLS role, or a member of a role that owns tables. */
export async function assertSafeRole(dataSource: DataSource): Promise<void> {
  const [row] = await dataSource.query<
    { role: string; super: boolean; bypass: boolean; owns: boolean; privileged: string[] }[]
  >(`
    SELECT current_user AS role, r.rolsuper AS super, r.rolbypassrls OR r.rolname IN ('daybook_system', 'daybook_migrator') AS bypass,
           EXISTS (SELECT FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
                   AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS owns,
           ARRAY(SELECT p.rolname::text FROM pg_roles p WHERE (p.rolsuper OR p.rolbypassrls OR p.rolname IN ('daybook_system', 'daybook_migrator')) AND p.rolname <> current_user
                 AND pg_has_role(current_user, p.oid, 'MEMBER')) AS privileged
    FROM pg_roles r WHERE r.rolname = current_user`);
  if (!row) throw new UnsafeRoleError(['the role cannot be looked up']);
  const reasons = [
    row.super && `role ${row.role} is a superuser`,
    row.bypass && `role ${row.role} sees the rows of all tenants`,
    row.owns && `role ${row.role} owns tables or is a member of their owner`,
    row.privileged.length > 0 && `role ${row.role} may become ${row.privileged.join(', ')}`,
  ].filter((reason) => reason !== false);
  if (reasons.length > 0) throw new UnsafeRoleError(reasons);
}
