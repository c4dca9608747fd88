import { ok, rejected, type Rejected } from '../../lib/outcome.ts'
import type { BillingProvider } from './types.ts'

const refuse = async (): Promise<Rejected> =>
  rejected('unsupported', 'Payments are recorded by hand: no provider collects them.')

/** Payments that reach the company by themselves, and are recorded by a person: nobody is asked, nothing is collected. */
export const createManual = (): BillingProvider => ({
  kind: 'manual',
  caps: { methods: false, charges: false, refunds: false, webhooks: false },
  record: null,
  health: async () => ok({ account: 'by hand', live: true, problems: [] }),
  findCustomers: async () => ok([]),
  createCustomer: refuse,
  methods: async () => ok([]),
  method: async () => ok(null),
  detachMethod: refuse,
  setupPage: refuse,
  charge: refuse,
  findPayments: async () => ok([]),
  payment: refuse,
  payPage: refuse,
  findPages: async () => ok([]),
  page: refuse,
  expirePage: refuse,
  refund: refuse,
  refunds: async () => ok([]),
  notice: () => null,
  said: async () => ok([]),
})
