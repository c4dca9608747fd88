import { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { PodRow } from '../db/cloudPods.ts'
import type { TemplateView } from '../db/cloudPodTemplates.ts'
import * as infrastructure from '../db/provisioningInfrastructure.ts'
import { DAY_MS, podJob, storageLimit } from './cloudPodQueues.ts'
import { enqueue } from './provisioningQueues.ts'

const templatePayload = z.object({ podId: z.string(), tenantId: z.string(), blueprintId: z.string() })
export type TemplatePayload = z.infer<typeof templatePayload>

export const podTemplate = { kind: 'cloudPod.template', payload: templatePayload } as const
export const podTemplateRemove = { kind: 'cloudPod.templateRemove', payload: templatePayload } as const

/** Copies the pod's guest into a template, behind whatever is still being done to the pod: nothing starts it meanwhile. */
export async function enqueueTemplate(ctx: Ctx, pod: PodRow, blueprintId: string): Promise<{ id: string }> {
  const storage = await infrastructure.storageOf(ctx.tx, pod.node_id)
  return enqueue(
    ctx,
    podJob(pod, podTemplate.kind, {
      payload: { blueprintId },
      limits: [`clones:${pod.cluster_id}`, ...(storage === null ? [] : [storageLimit(pod, storage)])],
      deadlineMs: DAY_MS,
    }),
  )
}

/** Destroys the template of a blueprint. Its pod may have gone long ago. */
export const enqueueTemplateRemove = (ctx: Ctx, template: TemplateView): Promise<{ id: string }> =>
  enqueue(ctx, {
    queue: 'cloud_pod',
    kind: podTemplateRemove.kind,
    tenantId: template.tenant_id,
    subject: { type: 'blueprint', id: template.blueprint_id, label: template.name },
    serialKey: `blueprint:${template.blueprint_id}`,
    nodeId: template.node_id,
    payload: {
      podId: template.pod_id,
      tenantId: template.tenant_id,
      blueprintId: template.blueprint_id,
    },
    deadlineMs: DAY_MS,
  })
