import { z } from 'zod'
import { id, timestamp } from './common.ts'

const tenantExport = z.object({
  id,
  state: z.enum(['waiting', 'ready', 'failed']),
  requestedBy: z.string(),
  /** Of the compressed file; grows while it is written. */
  bytes: z.string(),
  rows: z.string(),
  /** Of the compressed file; null before it is ready. */
  sha256: z.string().nullable(),
  problem: z.string().nullable(),
  createdAt: timestamp,
  finishedAt: timestamp.nullable(),
  /** When it is removed. */
  expiresAt: timestamp.nullable(),
  jobId: id.nullable(),
  jobState: z.string().nullable(),
  waitingFor: z.string().nullable(),
})
export type TenantExport = z.infer<typeof tenantExport>
export const tenantExportList = z.object({ items: z.array(tenantExport) })
export type TenantExportList = z.infer<typeof tenantExportList>
