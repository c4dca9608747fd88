import { canCustomer } from '../../../../shared/states/customer.ts'
import type { Customer } from '../../api/customers.ts'
import { NO_PERMISSION } from '../../components/session.ts'

/** Why nothing can be added to a customer or changed about it; undefined: it can. */
export function whyUnchangeable(customer: Customer, permitted: boolean): string | undefined {
  if (!permitted) return NO_PERMISSION('customers:update')
  const verdict = canCustomer.change(customer)
  return verdict.allowed ? undefined : verdict.reason
}
