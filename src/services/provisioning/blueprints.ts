import type { z } from 'zod'
import type { Blueprint, blueprintCreate, blueprintUpdate } from '../../../shared/api/provisioning.ts'
import { told, type Ctx } from '../../context.ts'
import * as podTemplates from '../../db/cloudPodTemplates.ts'
import type { TemplateOfBlueprint } from '../../db/cloudPodTemplates.ts'
import { isForeignKeyViolation, violatedConstraint } from '../../db/index.ts'
import type { ListOptions } from '../../db/list.ts'
import * as infrastructure from '../../db/provisioningInfrastructure.ts'
import { AppError, notFound, requireVersion } from '../../errors.ts'
import { newId } from '../../lib/ids.ts'
import * as auditService from '../auditService.ts'

/** The nodes and templates behind a blueprint are told only to who may see the infrastructure. */
export async function listBlueprints(
  ctx: Ctx,
  options: ListOptions,
): Promise<{ items: Blueprint[]; nextCursor: string | null }> {
  const page = await infrastructure.listBlueprints(ctx.tx, ctx.scope, options)
  const ids = page.items.map((row) => row.id)
  const images = await infrastructure.imagesOf(ctx.tx, ids)
  const templates = await podTemplates.ofBlueprints(ctx.tx, ids)
  return {
    items: page.items.map((row) => {
      const all = presentBlueprint(
        ctx,
        row,
        images.filter((image) => image.blueprint_id === row.id),
        templates.find((template) => template.blueprint_id === row.id),
      )
      return ctx.seesInfrastructure ? all : { ...all, images: [] }
    }),
    nextCursor: page.nextCursor,
  }
}

type BlueprintRow = Awaited<ReturnType<typeof infrastructure.insertBlueprint>>
type ImageRow = Awaited<ReturnType<typeof infrastructure.imagesOf>>[number]

const presentBlueprint = (
  ctx: Ctx,
  row: BlueprintRow,
  images: ImageRow[],
  template?: TemplateOfBlueprint,
): Blueprint => ({
  id: row.id,
  tenantId: row.tenant_id,
  code: row.code,
  name: row.name,
  kind: row.kind,
  minDiskGb: row.min_disk_gb,
  minMemoryMb: row.min_memory_mb,
  maxCores: row.max_cores,
  maxMemoryMb: row.max_memory_mb,
  maxDiskGb: row.max_disk_gb,
  minCpuLevel: row.min_cpu_level,
  state: row.state,
  available: images.length > 0,
  images: images.map((image) => ({
    nodeId: image.node_id,
    sourceNodeId: image.source_node_id,
    ref: image.ref,
  })),
  template: template
    ? {
        state: template.state,
        podId: template.pod_id,
        hostname: template.hostname,
        diskGb: template.disk_gb,
        problem: told(ctx, template.problem, 'It could not be removed. Your provider sees the details.'),
      }
    : null,
  version: row.version,
  createdAt: row.created_at.toISOString(),
})

/** @throws AppError not_found */
export async function getBlueprint(ctx: Ctx, id: string): Promise<Blueprint> {
  const row = await infrastructure.findBlueprint(ctx.tx, id)
  if (!row) throw notFound('blueprint')
  const [template] = await podTemplates.ofBlueprints(ctx.tx, [id])
  return presentBlueprint(ctx, row, await infrastructure.imagesOf(ctx.tx, [id]), template)
}

/** @throws AppError already_exists, not_found for a node that is not known */
export async function addBlueprint(ctx: Ctx, body: z.infer<typeof blueprintCreate>): Promise<Blueprint> {
  const row = await infrastructure
    .insertBlueprint(ctx.tx, {
      id: newId(),
      tenant_id: null,
      code: body.code,
      name: body.name,
      kind: body.kind,
      min_disk_gb: body.minDiskGb,
      min_memory_mb: body.minMemoryMb,
      max_cores: body.maxCores,
      max_memory_mb: body.maxMemoryMb,
      max_disk_gb: body.maxDiskGb,
      min_cpu_level: body.minCpuLevel,
      created_at: ctx.now(),
    })
    .catch((error: unknown) => {
      if (violatedConstraint(error) !== 'cloud_pod_blueprints_code_key') throw error
      throw new AppError('already_exists', `There is already a blueprint with the code ${body.code}.`)
    })
  await addImages(ctx, row.id, body.images)
  await auditService.record(ctx, {
    action: 'BLUEPRINT_CREATED',
    tenantId: null,
    target: { type: 'blueprint', id: row.id, label: row.code },
  })
  return presentBlueprint(ctx, row, await infrastructure.imagesOf(ctx.tx, [row.id]))
}

async function lock(ctx: Ctx, id: string): Promise<Blueprint> {
  if (!(await infrastructure.lockBlueprint(ctx.tx, id))) throw notFound('blueprint')
  return getBlueprint(ctx, id)
}

/**
 * Changes what pods are made of from now on; those there are stay as they are. The images given are all it then has.
 * @throws AppError not_found for it or for a node, precondition_failed, invalid_input; invalid_state for images, or a state, of
 *   one that was made of a pod
 */
export async function updateBlueprint(
  ctx: Ctx,
  id: string,
  { images, ...change }: z.infer<typeof blueprintUpdate>,
  version: number | undefined,
): Promise<Blueprint> {
  const before = await lock(ctx, id)
  requireVersion(before.version, version)
  if (before.template && (images || (change.state ?? before.state) !== before.state))
    throw new AppError(
      'invalid_state',
      'The blueprint was made of a pod: its template and its state are not changed, but removed with it.',
    )
  await infrastructure.updateBlueprint(ctx.tx, id, {
    name: change.name,
    min_disk_gb: change.minDiskGb,
    min_memory_mb: change.minMemoryMb,
    max_cores: change.maxCores,
    max_memory_mb: change.maxMemoryMb,
    max_disk_gb: change.maxDiskGb,
    min_cpu_level: change.minCpuLevel,
    state: change.state,
  })
  if (images) {
    await infrastructure.deleteImages(ctx.tx, id)
    await addImages(ctx, id, images)
  }
  const after = await getBlueprint(ctx, id)
  const { version: _, ...old } = before
  const { version: __, ...now } = after
  await auditService.record(ctx, {
    action: 'BLUEPRINT_UPDATED',
    tenantId: after.tenantId,
    target: { type: 'blueprint', id, label: after.code },
    diff: auditService.diffOf<Record<string, unknown>>(old, now),
  })
  return after
}

/**
 * Removes a blueprint of which nothing was ever made.
 * @throws AppError not_found; conflict when a pod is or was made of it; invalid_state when it has a template of its own
 */
export async function removeBlueprint(ctx: Ctx, id: string): Promise<void> {
  const { code, tenantId, template } = await lock(ctx, id)
  if (template !== null && template.state !== 'gone')
    throw new AppError('invalid_state', 'The blueprint was made of a pod: its template is removed first.')
  await infrastructure.deleteBlueprint(ctx.tx, id).catch((error: unknown) => {
    if (!isForeignKeyViolation(error)) throw error
    throw new AppError('conflict', `Pods are or were made of ${code}: retire it, then no more are.`)
  })
  await auditService.record(ctx, {
    action: 'BLUEPRINT_REMOVED',
    tenantId,
    target: { type: 'blueprint', id, label: code },
  })
}

/** @throws AppError not_found for a node that is not known, invalid_input when one is named twice */
export async function addImages(
  ctx: Ctx,
  blueprintId: string,
  images: readonly { nodeId: string; sourceNodeId?: string; ref: string }[],
): Promise<void> {
  const rows = images.map((image) => ({
    blueprint_id: blueprintId,
    node_id: image.nodeId,
    source_node_id: image.sourceNodeId ?? image.nodeId,
    ref: image.ref,
  }))
  await infrastructure.insertImages(ctx.tx, rows).catch((error: unknown) => {
    if (violatedConstraint(error) === 'cloud_pod_blueprint_images_pkey') throw twice()
    if (!isForeignKeyViolation(error)) throw error
    throw notFound('node')
  })
}

const twice = (): AppError => {
  const message = 'Each node has one image: name it once.'
  return new AppError('invalid_input', message, { errors: [{ path: 'images', message }] })
}
