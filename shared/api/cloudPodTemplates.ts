import { z } from 'zod'
import { blueprint, job } from './provisioning.ts'

/** What would be said to a request now. */
export const cloudPodTemplatePreview = z.object({
  /** Why no blueprint can be made of the pod now; null: one can. */
  refusal: z.string().nullable(),
  /** What the copy counts against the quota of disk. */
  diskGb: z.number().int(),
})
export type CloudPodTemplatePreview = z.infer<typeof cloudPodTemplatePreview>

export const cloudPodTemplate = z.strictObject({
  /** What the blueprint is called. */
  name: z.string().trim().min(1).max(200),
})

export const templateAccepted = z.object({ blueprint, job })
