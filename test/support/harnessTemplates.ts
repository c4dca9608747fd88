import { sql } from 'kysely'
import type { Blueprint, Job } from '../../shared/api/provisioning.ts'
import type { Page } from '../../shared/api/common.ts'
import { parseMarker } from '../../src/integrations/proxmox/guestConfig.ts'
import type { TestApp } from './app.ts'
import { ownPod, type OwnPod, type PodParts } from './harnessPods.ts'
import { toRest, type Arranged, type JobCase } from './harnessRun.ts'
import { countEffects, expectNothingLeaked, guestsOf, podRow, rowsOf } from './harnessWorld.ts'

type Deed = 'template' | 'templateRemove'

/** One pod for each deed; what was made of it is taken away again before the next. */
const podOf = (app: TestApp, { activePod }: PodParts, deed: Deed): Promise<OwnPod> =>
  ownPod(app, deed, (tenantId) => activePod(app, tenantId, 'vm'))

/** The guests of blueprints that a tenant has made of its pods. */
const templatesOf = (app: TestApp, blueprintIds: readonly string[]) =>
  app.sim.control
    .guests()
    .filter(({ config }) => blueprintIds.includes(parseMarker(config.description)?.podId ?? ''))

/** Off, and nothing made of it. */
async function setBack(app: TestApp, { tenantId, podId }: OwnPod): Promise<void> {
  await app.sim.control.idle()
  const made = await rowsOf(
    app,
    sql<{ id: string }>`select blueprint_id as id from cloud_pod_templates where tenant_id = ${tenantId}`,
  )
  const ids = made.map(({ id }) => id)
  for (const { vmid } of templatesOf(app, ids)) app.sim.control.removeGuest(vmid)
  await rowsOf(app, sql`delete from vmid_reservations where template_id = any (${ids}::uuid[])`)
  await rowsOf(app, sql`delete from cloud_pod_blueprint_images where blueprint_id = any (${ids}::uuid[])`)
  await rowsOf(app, sql`delete from cloud_pod_templates where tenant_id = ${tenantId}`)
  await rowsOf(app, sql`delete from cloud_pod_blueprints where tenant_id = ${tenantId}`)
  app.sim.control.changeGuest((await podRow(app, podId)).vmid, { power: 'stopped' })
  await rowsOf(app, sql`update cloud_pods set power_state = 'stopped' where id = ${podId}`)
}

async function arrange(app: TestApp, parts: PodParts, deed: Deed): Promise<Arranged> {
  const own = await podOf(app, parts, deed)
  await setBack(app, own)
  const ask = async (method: string, path: string, body?: object): Promise<Asked> => {
    const answer = await app.admin.call<Asked>(method, path, body)
    if (answer.status !== 202) throw new Error(JSON.stringify(answer.body))
    return answer.body
  }
  let asked = await ask('POST', `/api/admin/hosting/cloudpods/${own.podId}/template`, { name: 'OwnPod' })
  const { id } = asked.blueprint
  if (deed === 'templateRemove') {
    await toRest(app, asked.job.id, parts.handlerOf('cloudPod.template'))
    asked = await ask('DELETE', `/api/admin/provisioning/blueprints/${id}/template`)
  }
  const effects = countEffects(app)
  const shown = async () => {
    const path = `/api/admin/provisioning/blueprints?tenantId=${own.tenantId}`
    const { body } = await app.admin.get<Page<Blueprint>>(path)
    const of = body.items.find((one) => one.id === id)
    return of && { state: of.state, template: of.template?.state, available: of.available }
  }
  const guests = () =>
    templatesOf(app, [id]).map(({ power, config }) => ({
      power,
      template: config.template,
      base: config.scsi0?.includes('base-'),
      net0: config.net0 ?? null,
      ipconfig0: config.ipconfig0 ?? null,
      tags: config.tags,
    }))
  return {
    jobId: asked.job.id,
    world: async () => ({
      shown: (await shown()) ?? null,
      guests: guests(),
      pod: guestsOf(app, own.podId).map(({ power }) => power),
      effects: effects(),
    }),
    holdings: async () => {
      await app.sim.control.idle()
      await expectNothingLeaked(app, own.tenantId)
      const held = await rowsOf(app, sql`select from vmid_reservations where template_id = ${id}`)
      // One that could not be removed may have lost its guest by then.
      const left = deed === 'template' ? guests().length : null
      return { shown: (await shown()) ?? null, guests: left, held: held.length }
    },
    afterPermanent:
      deed === 'template'
        ? { shown: null, guests: 0, held: 0 }
        : {
            shown: { state: 'active', template: 'ready', available: true },
            guests: null,
            held: 1,
          },
  }
}

type Asked = { blueprint: Blueprint; job: Job }

export const templateCases = (parts: PodParts): JobCase[] =>
  (['template', 'templateRemove'] as const).map((deed) => ({
    name: `cloudPod.${deed}`,
    handler: parts.handlerOf(`cloudPod.${deed}`),
    permanent: 'failed' as const,
    arrange: (app: TestApp) => arrange(app, parts, deed),
  }))
