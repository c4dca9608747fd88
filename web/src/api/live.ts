import { useQueryClient, type Query } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { queuesQuery, type QueueOverview } from './provisioningControls.ts'

const STREAM = '/api/admin/provisioning/events'
const COALESCE_MS = 300
/** All that is counted is counted again after a burst of changes, not after each. */
const RECOUNT_MS = 2000
const REOPEN_MS = 5000
const GRACE_MS = 3000

type Signal = { id: string; state: string; subjectType: string; subjectId: string | null }

/** What a job of this kind of subject may have changed, besides the jobs themselves. */
const TOUCHED: Record<string, string[]> = {
  cloudPod: [
    'cloudPods',
    'subscriptions',
    'invoices',
    'nodes',
    'audit',
    'suspensions',
    'closures',
    'blueprints',
  ],
  blueprint: ['blueprints', 'audit'],
  customer: ['taxes', 'audit'],
  mail: ['mails', 'setup'],
  tenant: ['tenants', 'audit', 'exports', 'closures', 'customerImports', 'customers'],
  domain: ['domains', 'audit'],
  dnsZone: ['zones', 'domains', 'audit'],
  dnsServer: ['dnsServers'],
  sslCertificate: ['sslCertificates', 'domains', 'audit'],
  cluster: ['clusters', 'nodes', 'audit'],
  paymentAttempt: ['payments', 'invoices', 'subscriptions', 'disputes', 'audit'],
  billingReconciliation: [
    'billingFindings',
    'billingReconciliations',
    'payments',
    'invoices',
    'subscriptions',
    'disputes',
    'audit',
  ],
  paymentRefund: ['payments', 'invoices', 'subscriptions', 'audit'],
  paymentMethod: ['paymentMethods', 'audit'],
  billingProvider: [
    'payments',
    'disputes',
    'invoices',
    'subscriptions',
    'paymentMethods',
    'billingProviders',
    'billingRecords',
    'billingRecordInvoices',
    'billingRecordServices',
  ],
}
const LIVE = [...new Set(['jobs', 'queues', 'dashboard', ...Object.values(TOUCHED).flat()])]

const concerns = (query: Query, resource: string, id: string | null): boolean =>
  query.queryKey[0] === resource &&
  (query.queryKey[1] !== 'detail' || id === null || query.queryKey[2] === id || resource === 'subscriptions')

/**
 * The tab's one stream. An event of a job only says what to ask again; the figures of the queues come as they are.
 * @returns whether the pages are live
 */
export function useLive(tenantId: string | undefined, enabled: boolean): boolean {
  const client = useQueryClient()
  const [live, setLive] = useState(true)

  useEffect(() => {
    if (!enabled) return undefined
    const seen = new Map<string, string>()
    const due = new Map<string, Signal & { progressOnly: boolean }>()
    let source: EventSource
    let flushing: ReturnType<typeof setTimeout> | undefined
    let reopening: ReturnType<typeof setTimeout> | undefined
    let complaining: ReturnType<typeof setTimeout> | undefined
    let recounting: ReturnType<typeof setTimeout> | undefined

    const recount = () => {
      recounting = undefined
      void client.invalidateQueries({ queryKey: ['dashboard'] })
    }

    const flush = () => {
      flushing = undefined
      for (const signal of due.values()) {
        void client.invalidateQueries({ predicate: (query) => concerns(query, 'jobs', signal.id) })
        if (signal.progressOnly) continue
        recounting ??= setTimeout(recount, RECOUNT_MS)
        for (const resource of TOUCHED[signal.subjectType] ?? []) {
          void client.invalidateQueries({ predicate: (query) => concerns(query, resource, signal.subjectId) })
        }
      }
      due.clear()
    }

    const hear = (event: MessageEvent<string>) => {
      const signal = JSON.parse(event.data) as Signal
      const progressOnly = seen.get(signal.id) === signal.state && (due.get(signal.id)?.progressOnly ?? true)
      seen.set(signal.id, signal.state)
      due.set(signal.id, { ...signal, progressOnly })
      flushing ??= setTimeout(flush, COALESCE_MS)
    }

    const opened = () => {
      clearTimeout(complaining)
      complaining = undefined
      setLive(true)
      // Whatever was asked before may have changed untold, also when the stream opens for the first time.
      for (const resource of LIVE) void client.invalidateQueries({ queryKey: [resource] })
    }

    const lost = () => {
      complaining ??= setTimeout(setLive, GRACE_MS, false)
      // The browser reopens a broken stream by itself, but gives up after a refusal.
      if (source.readyState !== EventSource.CLOSED) return
      // It may be that the session has ended, or the permission was taken: the shell finds out by asking who it serves.
      void client.invalidateQueries({ queryKey: ['me'] })
      clearTimeout(reopening)
      reopening = setTimeout(open, REOPEN_MS)
    }

    const open = () => {
      source = new EventSource(STREAM + (tenantId === undefined ? '' : `?tenantId=${tenantId}`))
      source.addEventListener('job', hear)
      source.addEventListener('queues', ({ data }: MessageEvent<string>) =>
        client.setQueryData(queuesQuery().queryKey, JSON.parse(data) as QueueOverview),
      )
      source.addEventListener('open', opened)
      source.addEventListener('error', lost)
    }
    open()

    return () => {
      source.close()
      for (const timer of [flushing, reopening, complaining, recounting]) clearTimeout(timer)
    }
  }, [client, tenantId, enabled])

  return live || !enabled
}
