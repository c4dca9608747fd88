import { adminAudit } from './adminAudit.ts'
import { adminAuditSinks } from './adminAuditSinks.ts'
import { adminCustomerFile } from './adminCustomerFile.ts'
import { adminCustomerSettings } from './adminCustomerSettings.ts'
import { adminCustomers } from './adminCustomers.ts'
import { adminInvitations } from './adminInvitations.ts'
import { adminMails } from './adminMails.ts'
import { adminSubscriptions } from './adminSubscriptions.ts'
import { adminTenantSuspension } from './adminTenantSuspension.ts'
import { adminTenants } from './adminTenants.ts'
import { authAccount } from './authAccount.ts'
import { authPasskeys } from './authPasskeys.ts'
import { adminTenantSettings } from './adminTenantSettings.ts'
import { adminUserKeys } from './adminUserKeys.ts'
import { adminUsers } from './adminUsers.ts'
import { authRecovery } from './authRecovery.ts'
import { authApiKeys } from './authApiKeys.ts'
import { authImpersonation } from './authImpersonation.ts'
import { authRoutes } from './authRoutes.ts'
import { cloudPods } from './cloudPods.ts'
import type { Route } from './define.ts'
import { healthRoutes } from './healthRoutes.ts'
import { provisioningRoutes } from './provisioningRoutes.ts'

/** THE ROUTE TABLE. An address that is not in it does not exist. */
export const routes: readonly Route[] = [
  ...authRoutes,
  ...authAccount,
  ...authPasskeys,
  ...authRecovery,
  ...authApiKeys,
  ...authImpersonation,
  ...adminTenants,
  ...adminTenantSettings,
  ...adminUsers,
  ...adminUserKeys,
  ...adminInvitations,
  ...adminMails,
  ...adminTenantSuspension,
  ...adminCustomers,
  ...adminCustomerFile,
  ...adminCustomerSettings,
  ...adminSubscriptions,
  ...cloudPods,
  ...provisioningRoutes,
  ...adminAudit,
  ...adminAuditSinks,
  ...healthRoutes,
]
