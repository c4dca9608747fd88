import { asSystem, type Ctx, type Root } from '../context.ts'
import * as auditRetentionService from '../services/auditRetentionService.ts'
import * as auditWebhookService from '../services/auditWebhookService.ts'
import * as auditService from '../services/auditService.ts'
import * as BillingService from '../services/BillingService.ts'
import * as billingCollectionService from '../services/billingCollectionService.ts'
import * as billingFindingService from '../services/billingFindingService.ts'
import * as billingRecordService from '../services/billingRecordService.ts'
import * as billingTaxService from '../services/billingTaxService.ts'
import * as cloudPodClaimService from '../services/cloudPodClaimService.ts'
import * as cloudPodConsoleService from '../services/cloudPodConsoleService.ts'
import * as cloudPodBackupScheduleService from '../services/cloudPodBackupScheduleService.ts'
import * as cloudPodDeletionService from '../services/cloudPodDeletionService.ts'
import * as cloudPodRebuildService from '../services/cloudPodRebuildService.ts'
import * as cloudPodMigrationService from '../services/cloudPodMigrationService.ts'
import * as cloudPodFindingService from '../services/cloudPodFindingService.ts'
import * as cloudPodQuotas from '../services/cloudPodQuotas.ts'
import * as cloudPodTrafficService from '../services/cloudPodTrafficService.ts'
import * as dashboardService from '../services/dashboardService.ts'
import * as customerService from '../services/customerService.ts'
import * as dnsReverseService from '../services/dnsReverseService.ts'
import * as dnsServerService from '../services/dnsServerService.ts'
import * as dnsTransferService from '../services/dnsTransferService.ts'
import * as dnsWatchService from '../services/dnsWatchService.ts'
import * as dnsZoneService from '../services/dnsZoneService.ts'
import * as provisioningService from '../services/provisioningService.ts'
import * as domainConnectionService from '../services/domainConnectionService.ts'
import * as domainRegistrationService from '../services/domainRegistrationService.ts'
import * as domainService from '../services/domainService.ts'
import * as sslService from '../services/sslService.ts'
import * as searchService from '../services/searchService.ts'
import * as tenantSuspensionService from '../services/tenantSuspensionService.ts'
import * as tenantClosureService from '../services/tenantClosureService.ts'
import * as userService from '../services/userService.ts'
import { auditSinkTest } from './auditSinkTest.ts'
import { authPasswordReset } from './authPasswordReset.ts'
import { billingCollect } from './billingCollect.ts'
import { billingConverge } from './billingConverge.ts'
import { billingReconcile } from './billingReconcile.ts'
import { billingRecord } from './billingRecord.ts'
import { billingRefund } from './billingRefund.ts'
import { billingTaxCheck } from './billingTaxCheck.ts'
import { billingWithdraw } from './billingWithdraw.ts'
import { cloudPodAddress } from './cloudPodAddress.ts'
import { cloudPodAdopt } from './cloudPodAdopt.ts'
import { cloudPodBackup, cloudPodBackupDelete } from './cloudPodBackup.ts'
import { cloudPodBandwidth } from './cloudPodBandwidth.ts'
import { cloudPodCreate } from './cloudPodCreate.ts'
import { cloudPodFirewall } from './cloudPodFirewall.ts'
import { cloudPodDestroy } from './cloudPodDestroy.ts'
import { cloudPodKeep, cloudPodUndelete } from './cloudPodKeep.ts'
import { cloudPodMigrate } from './cloudPodMigrate.ts'
import { cloudPodPower } from './cloudPodPower.ts'
import { provisioningClusterReconcile } from './provisioningClusterReconcile.ts'
import { cloudPodOrphan, cloudPodRepair } from './cloudPodRepair.ts'
import { cloudPodGoBack, cloudPodLetGo, cloudPodRebuild } from './cloudPodRebuild.ts'
import { cloudPodResize } from './cloudPodResize.ts'
import { cloudPodRestore } from './cloudPodRestore.ts'
import { cloudPodRollback } from './cloudPodRollback.ts'
import { cloudPodSnapshot, cloudPodSnapshotDelete } from './cloudPodSnapshot.ts'
import { cloudPodTemplate, cloudPodTemplateRemove } from './cloudPodTemplate.ts'
import { customerImport } from './customerImport.ts'
import { customerImportCheck } from './customerImportCheck.ts'
import { cloudPodResume, cloudPodSuspend } from './cloudPodSuspension.ts'
import { domainZoneApply } from './domainZoneApply.ts'
import { domainServerCompare, domainZoneCompare } from './domainZoneCompare.ts'
import { domainZoneRemove } from './domainZoneRemove.ts'
import { domainZoneTransfers } from './domainZoneTransfers.ts'
import { domainZoneSign, domainZoneWatch } from './domainZoneWatch.ts'
import {
  domainDelete,
  domainRegister,
  domainRenew,
  domainRestore,
  domainTransferIn,
  domainUpdate,
} from './domainOperation.ts'
import { registrarPoll } from './domainPoll.ts'
import { domainSync } from './domainSync.ts'
import { domainPaid } from './domainPaid.ts'
import { domainVerify } from './domainVerify.ts'
import { sslDeliver } from './sslDeliver.ts'
import { sslInstall } from './sslInstall.ts'
import { sslIssue } from './sslIssue.ts'
import { sslRevoke } from './sslRevoke.ts'
import { sslRollover } from './sslRollover.ts'
import { sslSign } from './sslSign.ts'
import { mailSend } from './mailSend.ts'
import { provisioningClusterSync } from './provisioningClusterSync.ts'
import { provisioningPoolClaim } from './provisioningPoolClaim.ts'
import { provisioningPoolCompare } from './provisioningPoolCompare.ts'
import * as tenantExportService from '../services/tenantExportService.ts'
import { tenantEnforce } from './tenantEnforce.ts'
import { tenantClose } from './tenantClose.ts'
import { tenantExport } from './tenantExport.ts'
import type { JobHandler } from './steps.ts'
import type { Timer } from './timers.ts'

/** A handler whose payload type is its own business: `parse` checks what comes out of the database. */
type AnyHandler = JobHandler<never>

const list = [
  cloudPodCreate,
  cloudPodAdopt,
  cloudPodDestroy,
  cloudPodKeep,
  cloudPodUndelete,
  cloudPodPower,
  cloudPodResize,
  cloudPodBandwidth,
  cloudPodAddress,
  cloudPodFirewall,
  cloudPodSnapshot,
  cloudPodSnapshotDelete,
  cloudPodRollback,
  cloudPodBackup,
  cloudPodBackupDelete,
  cloudPodRestore,
  cloudPodMigrate,
  cloudPodRebuild,
  cloudPodGoBack,
  cloudPodLetGo,
  cloudPodTemplate,
  cloudPodTemplateRemove,
  provisioningClusterReconcile,
  cloudPodRepair,
  cloudPodOrphan,
  provisioningClusterSync,
  provisioningPoolClaim,
  provisioningPoolCompare,
  cloudPodSuspend,
  cloudPodResume,
  tenantEnforce,
  tenantExport,
  tenantClose,
  customerImportCheck,
  customerImport,
  auditSinkTest,
  domainVerify,
  domainPaid,
  domainRegister,
  domainRenew,
  domainTransferIn,
  domainUpdate,
  domainRestore,
  domainDelete,
  domainSync,
  registrarPoll,
  authPasswordReset,
  sslDeliver,
  sslInstall,
  sslIssue,
  sslSign,
  sslRevoke,
  sslRollover,
  mailSend,
  billingCollect,
  billingConverge,
  billingReconcile,
  billingRecord,
  billingRefund,
  billingTaxCheck,
  billingWithdraw,
  domainZoneApply,
  domainZoneRemove,
  domainZoneCompare,
  domainZoneSign,
  domainZoneTransfers,
  domainZoneWatch,
  domainServerCompare,
] as unknown as AnyHandler[]

/** Every job there is. test/rules checks that each declared job has exactly one handler. */
export const handlers: ReadonlyMap<string, AnyHandler> = new Map(
  list.map((handler) => [handler.kind, handler]),
)

const MINUTE_MS = 60_000

const inOne =
  (label: string, work: (ctx: Ctx) => Promise<void>) =>
  (root: Root): Promise<void> =>
    asSystem(root, label, 'platform', work)

export const timers: readonly Timer[] = [
  { name: 'audit.seal', everyMs: 5_000, harmless: true, run: auditService.sealAll },
  { name: 'audit.archive', everyMs: 60 * MINUTE_MS, run: auditRetentionService.archiveDue },
  {
    name: 'audit.webhooksTidy',
    everyMs: 10 * MINUTE_MS,
    harmless: true,
    run: inOne('audit.webhooksTidy', auditWebhookService.tidy),
  },
  { name: 'billing.endDue', everyMs: MINUTE_MS, run: BillingService.endDue },
  { name: 'billing.contracts', everyMs: MINUTE_MS, run: (root) => BillingService.runContracts(root) },
  { name: 'billing.payments', everyMs: MINUTE_MS, run: billingCollectionService.sweep },
  { name: 'billing.missed', everyMs: 60 * MINUTE_MS, run: billingCollectionService.recoverMissed },
  {
    name: 'billing.health',
    everyMs: 10 * MINUTE_MS,
    harmless: true,
    run: billingCollectionService.checkAll,
  },
  { name: 'billing.records', everyMs: 10 * MINUTE_MS, run: billingRecordService.readDue },
  { name: 'billing.reconcile', everyMs: 10 * MINUTE_MS, run: billingFindingService.reconcileDue },
  { name: 'billing.taxChecks', everyMs: MINUTE_MS, run: billingTaxService.checkDue },
  { name: 'ssl.renew', everyMs: 15_000, run: sslService.renewDue },
  { name: 'ssl.ari', everyMs: MINUTE_MS, run: sslService.askForWindows },
  { name: 'ssl.crl', everyMs: 10 * MINUTE_MS, run: inOne('ssl.crl', sslService.renewCrlIfDue) },
  { name: 'ssl.prove', everyMs: 5_000, run: sslService.proveDue },
  { name: 'ssl.watch', everyMs: MINUTE_MS, run: (root) => sslService.watchDue(root) },
  { name: 'ssl.notices', everyMs: 60 * MINUTE_MS, run: sslService.tellEnding },
  { name: 'domains.payments', everyMs: MINUTE_MS, run: domainRegistrationService.followPayments },
  { name: 'domains.sync', everyMs: MINUTE_MS, run: domainRegistrationService.syncDue },
  { name: 'domains.renew', everyMs: 10 * MINUTE_MS, run: domainRegistrationService.renewDue },
  { name: 'domains.notices', everyMs: 60 * MINUTE_MS, run: domainRegistrationService.tellExpiring },
  { name: 'registrars.poll', everyMs: MINUTE_MS, run: domainRegistrationService.pollAll },
  { name: 'backups.begin', everyMs: MINUTE_MS, run: cloudPodBackupScheduleService.beginDue },
  { name: 'backups.tidy', everyMs: 10 * MINUTE_MS, run: cloudPodBackupScheduleService.tidy },
  {
    name: 'clusters.sync',
    everyMs: MINUTE_MS,
    run: inOne('clusters.sync', provisioningService.syncClusters),
  },
  {
    name: 'clusters.reconcile',
    everyMs: MINUTE_MS,
    run: inOne('clusters.reconcile', cloudPodFindingService.sweepClusters),
  },
  { name: 'ipPools.claim', everyMs: 2_000, run: inOne('ipPools.claim', cloudPodClaimService.tellAll) },
  {
    name: 'ipPools.compare',
    everyMs: MINUTE_MS,
    run: inOne('ipPools.compare', cloudPodClaimService.compareAll),
  },
  { name: 'dns.compare', everyMs: MINUTE_MS, run: inOne('dns.compare', dnsServerService.compareAll) },
  { name: 'dns.expire', everyMs: MINUTE_MS, run: inOne('dns.expire', dnsZoneService.dropExpired) },
  {
    name: 'dns.nameServers',
    everyMs: MINUTE_MS,
    run: inOne('dns.nameServers', dnsZoneService.followNameServers),
  },
  {
    name: 'dns.secondaries',
    everyMs: 5_000,
    run: inOne('dns.secondaries', dnsTransferService.followSecondaries),
  },
  { name: 'dns.reverse', everyMs: 5_000, run: inOne('dns.reverse', dnsReverseService.follow) },
  { name: 'dns.reverseLook', everyMs: 15_000, run: dnsReverseService.lookDue },
  { name: 'dns.watch', everyMs: 15_000, run: inOne('dns.watch', dnsWatchService.watchDue) },
  {
    name: 'tenants.enforce',
    everyMs: 60 * MINUTE_MS,
    run: inOne('tenants.enforce', tenantSuspensionService.enforceAll),
  },
  {
    name: 'impersonations.end',
    everyMs: MINUTE_MS,
    harmless: true,
    run: inOne('impersonations.end', userService.endImpersonations),
  },
  {
    name: 'search.tidy',
    everyMs: 24 * 60 * MINUTE_MS,
    harmless: true,
    run: inOne('search.tidy', searchService.tidy),
  },
  { name: 'figures.fold', everyMs: 5_000, harmless: true, run: dashboardService.fold },
  { name: 'nodes.empty', everyMs: MINUTE_MS, run: cloudPodMigrationService.emptyOn },
  { name: 'cloudPods.purge', everyMs: MINUTE_MS, run: cloudPodDeletionService.purgeDue },
  { name: 'rebuilds.letGo', everyMs: MINUTE_MS, run: cloudPodRebuildService.letGoDue },
  { name: 'traffic.enforce', everyMs: MINUTE_MS, run: cloudPodTrafficService.enforceTraffic },
  {
    name: 'quotas.recount',
    everyMs: 24 * 60 * MINUTE_MS,
    harmless: true,
    run: cloudPodQuotas.recountQuotas,
  },
  { name: 'domains.follow', everyMs: MINUTE_MS, run: domainConnectionService.followPods },
  { name: 'domains.check', everyMs: MINUTE_MS, run: domainService.checkDue },
  { name: 'tenants.close', everyMs: MINUTE_MS, run: tenantClosureService.beginDue },
  {
    name: 'tenants.expireExports',
    everyMs: 10 * MINUTE_MS,
    run: inOne('tenants.expireExports', tenantExportService.expire),
  },
  {
    name: 'customers.expireImports',
    everyMs: 10 * MINUTE_MS,
    harmless: true,
    run: inOne('customers.expireImports', customerService.expireImports),
  },
  {
    name: 'consoles.tidy',
    everyMs: MINUTE_MS,
    harmless: true,
    run: inOne('consoles.tidy', cloudPodConsoleService.tidy),
  },
  { name: 'automation.guard', everyMs: 5_000, harmless: true, run: provisioningService.guardRestored },
  { name: 'automation.beat', everyMs: MINUTE_MS, run: provisioningService.beat },
  { name: 'jobs.archive', everyMs: 10 * MINUTE_MS, harmless: true, run: provisioningService.archiveJobs },
  {
    name: 'maintenance',
    everyMs: 5 * MINUTE_MS,
    harmless: true,
    run: inOne('maintenance', provisioningService.tidy),
  },
]
