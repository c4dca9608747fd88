import { t } from '../../../shared/text.ts'

/** Built-in roles have English names in the database; roles that somebody made have the names that he gave. */
const BUILT_IN: Record<string, string> = {
  'Super administrator': t`Super administrator`,
  'Platform administrator': t`Platform administrator`,
  Support: t`Support`,
  Billing: t`Billing`,
  'Tenant owner': t`Tenant owner`,
  'Tenant administrator': t`Tenant administrator`,
  'Tenant user': t`Tenant user`,
}

export const roleWords = (name: string): string => BUILT_IN[name] ?? name
