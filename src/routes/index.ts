import { adminAudit } from './adminAudit.ts'
import { adminCustomerFile } from './adminCustomerFile.ts'
import { adminCustomerSettings } from './adminCustomerSettings.ts'
import { adminCustomers } from './adminCustomers.ts'
import { adminSubscriptions } from './adminSubscriptions.ts'
import { adminTenantSuspension } from './adminTenantSuspension.ts'
import { adminTenantClosure } from './adminTenantClosure.ts'
import { adminTenantExports } from './adminTenantExports.ts'
import { adminTenantLogo } from './adminTenantLogo.ts'
import { adminTenants } from './adminTenants.ts'
import { authAccount } from './authAccount.ts'
import { authPasskeys } from './authPasskeys.ts'
import { adminTenantSettings } from './adminTenantSettings.ts'
import { adminUsers } from './adminUsers.ts'
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
  ...adminTenants,
  ...adminTenantSettings,
  ...adminUsers,
  ...adminTenantSuspension,
  ...adminTenantLogo,
  ...adminTenantExports,
  ...adminTenantClosure,
  ...adminCustomers,
  ...adminCustomerFile,
  ...adminCustomerSettings,
  ...adminSubscriptions,
  ...cloudPods,
  ...provisioningRoutes,
  ...adminAudit,
  ...healthRoutes,
]
