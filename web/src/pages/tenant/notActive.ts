import { t } from '../../../../shared/text.ts'
import type { Tenant } from '../../api/tenants.ts'

/** Why something is not done with a tenant that is not active. */
export const NOT_ACTIVE: Record<Exclude<Tenant['state'], 'active'>, string> = {
  suspended: t`The tenant is suspended.`,
  closing: t`The tenant is closing.`,
  closed: t`The tenant is closed.`,
}
