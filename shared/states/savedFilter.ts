/** The lists that have filters, by their place in the pages: `/t/{tenant}/{list}`. */
export const FILTERED_LISTS = [
  'audit',
  'billing-findings',
  'certificates',
  'cloudpods',
  'customers',
  'domains',
  'findings',
  'invoices',
  'jobs',
  'mail',
  'subscriptions',
  'tenants',
  'users',
] as const
export type FilteredList = (typeof FILTERED_LISTS)[number]
