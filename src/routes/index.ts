import { adminAudit } from './adminAudit.ts'
import { adminAuditRetention } from './adminAuditRetention.ts'
import { adminAuthSso } from './adminAuthSso.ts'
import { adminAuditSinks } from './adminAuditSinks.ts'
import { adminAuditWebhooks } from './adminAuditWebhooks.ts'
import { adminBillingPayments } from './adminBillingPayments.ts'
import { adminBillingAddons } from './adminBillingAddons.ts'
import { adminBillingCoupons } from './adminBillingCoupons.ts'
import { adminBillingCredits } from './adminBillingCredits.ts'
import { adminBillingDisputes } from './adminBillingDisputes.ts'
import { adminBillingDocuments } from './adminBillingDocuments.ts'
import { adminBillingAccounts } from './adminBillingAccounts.ts'
import { adminBillingTaxes } from './adminBillingTaxes.ts'
import { adminBillingProviders } from './adminBillingProviders.ts'
import { adminBillingFindings } from './adminBillingFindings.ts'
import { adminBillingRecords } from './adminBillingRecords.ts'
import { adminCustomerFile } from './adminCustomerFile.ts'
import { adminCustomerFiles } from './adminCustomerFiles.ts'
import { adminCustomerImports } from './adminCustomerImports.ts'
import { adminCustomerMerge } from './adminCustomerMerge.ts'
import { adminCustomerSettings } from './adminCustomerSettings.ts'
import { adminCustomers } from './adminCustomers.ts'
import { adminDashboard } from './adminDashboard.ts'
import { adminInvitations } from './adminInvitations.ts'
import { adminMails } from './adminMails.ts'
import { adminSearch } from './adminSearch.ts'
import { adminSubscriptionChanges } from './adminSubscriptionChanges.ts'
import { adminSubscriptionContracts } from './adminSubscriptionContracts.ts'
import { adminSubscriptions } from './adminSubscriptions.ts'
import { adminTenantSuspension } from './adminTenantSuspension.ts'
import { adminTenantClosure } from './adminTenantClosure.ts'
import { adminTenantExports } from './adminTenantExports.ts'
import { adminTenantLogo } from './adminTenantLogo.ts'
import { adminTenants } from './adminTenants.ts'
import { authAccount } from './authAccount.ts'
import { authFilters } from './authFilters.ts'
import { authPasskeys } from './authPasskeys.ts'
import { adminTenantSettings } from './adminTenantSettings.ts'
import { adminUserKeys } from './adminUserKeys.ts'
import { adminUsers } from './adminUsers.ts'
import { authApiKeys } from './authApiKeys.ts'
import { authImpersonation } from './authImpersonation.ts'
import { authRecovery } from './authRecovery.ts'
import { authRoutes } from './authRoutes.ts'
import { authSso } from './authSso.ts'
import { cloudPods } from './cloudPods.ts'
import { cloudPodAddresses } from './cloudPodAddresses.ts'
import { cloudPodAdoption } from './cloudPodAdoption.ts'
import { cloudPodConsole } from './cloudPodConsole.ts'
import { cloudPodBackups } from './cloudPodBackups.ts'
import { cloudPodMigrations } from './cloudPodMigrations.ts'
import { cloudPodMetrics } from './cloudPodMetrics.ts'
import { cloudPodRebuilds } from './cloudPodRebuilds.ts'
import { cloudPodSnapshots } from './cloudPodSnapshots.ts'
import { cloudPodTemplates } from './cloudPodTemplates.ts'
import type { Route } from './define.ts'
import { dnsReverseRoutes } from './dnsReverseRoutes.ts'
import { dnsServerRoutes } from './dnsServerRoutes.ts'
import { dnsTemplateRoutes } from './dnsTemplateRoutes.ts'
import { dnsZoneRoutes } from './dnsZoneRoutes.ts'
import { integrationPods } from './integrationPods.ts'
import { domainConnectionRoutes } from './domainConnectionRoutes.ts'
import { domainRegistrarRoutes } from './domainRegistrarRoutes.ts'
import { domainContactRoutes } from './domainContactRoutes.ts'
import { domainRegistrationRoutes } from './domainRegistrationRoutes.ts'
import { domainRegistryRoutes } from './domainRegistryRoutes.ts'
import { domainRoutes } from './domainRoutes.ts'
import { sslChallengeRoutes } from './sslChallengeRoutes.ts'
import { sslIssuerRoutes } from './sslIssuerRoutes.ts'
import { sslRoutes } from './sslRoutes.ts'
import { sslTargetRoutes } from './sslTargetRoutes.ts'
import { healthRoutes } from './healthRoutes.ts'
import { securityGroups } from './cloudPodFirewall.ts'
import { provisioningBlueprintRoutes } from './provisioningBlueprintRoutes.ts'
import { provisioningClusterRoutes } from './provisioningClusterRoutes.ts'
import { provisioningClockRoutes } from './provisioningClockRoutes.ts'
import { provisioningControlRoutes } from './provisioningControlRoutes.ts'
import { provisioningFindingRoutes } from './provisioningFindingRoutes.ts'
import { provisioningPoolRoutes } from './provisioningPoolRoutes.ts'
import { provisioningSourceRoutes } from './provisioningSourceRoutes.ts'
import { webhookRoutes } from './webhookRoutes.ts'
import { provisioningRoutes } from './provisioningRoutes.ts'

/** THE ROUTE TABLE. An address that is not in it does not exist. */
export const routes: readonly Route[] = [
  ...authRoutes,
  ...authAccount,
  ...authFilters,
  ...authPasskeys,
  ...authSso,
  ...adminAuthSso,
  ...authApiKeys,
  ...authImpersonation,
  ...adminTenants,
  ...adminTenantSettings,
  ...adminUsers,
  ...adminUserKeys,
  ...authRecovery,
  ...adminInvitations,
  ...adminMails,
  ...adminTenantSuspension,
  ...adminTenantLogo,
  ...adminTenantExports,
  ...adminTenantClosure,
  ...adminCustomers,
  ...adminCustomerFile,
  ...adminCustomerFiles,
  ...adminCustomerImports,
  ...adminCustomerMerge,
  ...adminCustomerSettings,
  ...adminSubscriptions,
  ...adminSubscriptionChanges,
  ...adminSubscriptionContracts,
  ...adminBillingProviders,
  ...adminBillingRecords,
  ...adminBillingPayments,
  ...adminBillingTaxes,
  ...adminBillingAccounts,
  ...adminBillingAddons,
  ...adminBillingCoupons,
  ...adminBillingCredits,
  ...adminBillingDisputes,
  ...adminBillingDocuments,
  ...adminBillingFindings,
  ...cloudPods,
  ...cloudPodAddresses,
  ...securityGroups,
  ...cloudPodMigrations,
  ...cloudPodRebuilds,
  ...cloudPodSnapshots,
  ...cloudPodTemplates,
  ...cloudPodMetrics,
  ...provisioningBlueprintRoutes,
  ...provisioningPoolRoutes,
  ...dnsReverseRoutes,
  ...provisioningSourceRoutes,
  ...cloudPodAdoption,
  ...cloudPodConsole,
  ...cloudPodBackups,
  ...integrationPods,
  ...provisioningRoutes,
  ...provisioningClusterRoutes,
  ...provisioningControlRoutes,
  ...provisioningClockRoutes,
  ...provisioningFindingRoutes,
  ...dnsServerRoutes,
  ...dnsTemplateRoutes,
  ...dnsZoneRoutes,
  ...domainRegistrarRoutes,
  ...domainRegistrationRoutes,
  ...domainRegistryRoutes,
  ...domainContactRoutes,
  ...domainRoutes,
  ...domainConnectionRoutes,
  ...sslRoutes,
  ...sslTargetRoutes,
  ...sslIssuerRoutes,
  ...sslChallengeRoutes,
  ...adminDashboard,
  ...adminSearch,
  ...adminAudit,
  ...adminAuditSinks,
  ...adminAuditWebhooks,
  ...adminAuditRetention,
  ...webhookRoutes,
  ...healthRoutes,
]
