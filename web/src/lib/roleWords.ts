import { t } from '../../../shared/text.ts'

/** Built-in roles have English names in the database; roles that somebody made have the names that he gave. */
const BUILT_IN: Record<string, string> = {
  'super administrator': t`Super administrator`,
  'platform administrator': t`Platform administrator`,
  support: t`Support`,
  billing: t`Billing`,
  'tenant owner': t`Tenant owner`,
  'tenant administrator': t`Tenant administrator`,
  'tenant user': t`Tenant user`,
}

export const roleWords = (name: string): string => BUILT_IN[name.toLowerCase()] ?? name
