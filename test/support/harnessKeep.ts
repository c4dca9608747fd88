import { sql } from 'kysely'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import type { TestApp } from './app.ts'
import { ownPod, type OwnPod, type PodKind, type PodParts } from './harnessPods.ts'
import { pairOf } from './harnessRebuild.ts'
import { toRest, type Arranged, type JobCase } from './harnessRun.ts'
import { countEffects, expectNothingLeaked, heldBy, podRow, rowsOf } from './harnessWorld.ts'

type Deed = 'keep' | 'undelete'

const podOf = (app: TestApp, { activePod }: PodParts, deed: Deed, kind: PodKind): Promise<OwnPod> =>
  ownPod(app, deed, async (tenantId) => {
    const hours = { 'cloudPods.undeleteHours': 24 }
    await app.admin.call('PATCH', `/api/admin/tenants/${tenantId}/settings`, hours)
    return activePod(app, tenantId, kind)
  })

/** Active, running and in use; jobs that wait for a person are over. */
async function setBack(app: TestApp, { podId }: OwnPod): Promise<void> {
  await app.sim.control.idle()
  const { vmid } = await podRow(app, podId)
  const guest = app.sim.control.guests().find((one) => one.vmid === vmid)
  const net0 = guest?.config.net0?.replace(',link_down=1', '') ?? ''
  app.sim.control.changeGuest(vmid, {
    power: 'running',
    config: {
      net0,
      onboot: '1',
      tags: 'mpanel',
      description: guest?.config.description?.replace(/\n?Kept by.*/, '') ?? '',
    },
  })
  await rowsOf(
    app,
    sql`update cloud_pods set state = 'active', recoverable_until = null, kept = null, power_state = 'running',
      power_checked_at = now(), action = null, problem = null where id = ${podId}`,
  )
  await rowsOf(
    app,
    sql`update provisioning_jobs_live set state = 'failed', finished_at = now() where subject_id = ${podId} and state = 'stuck'`,
  )
}

async function arrange(app: TestApp, parts: PodParts, deed: Deed, kind: PodKind): Promise<Arranged> {
  const own = await podOf(app, parts, deed, kind)
  await setBack(app, own)
  const path = `/api/admin/hosting/cloudpods/${own.podId}`
  let { status, body } = await app.admin.call<Accepted>('DELETE', path)
  if (deed === 'undelete') {
    await toRest(app, body.job.id, parts.handlerOf('cloudPod.keep'))
    ;({ status, body } = await app.admin.post<Accepted>(`${path}/undelete`))
  }
  if (status !== 202) throw new Error(JSON.stringify(body))
  const effects = countEffects(app)
  const shown = async () => {
    const { state, action, recoverable_until: until } = await podRow(app, own.podId)
    return { state, action, kept: until !== null, held: await heldBy(app, own.podId) }
  }
  const held = await heldBy(app, own.podId)
  return {
    jobId: body.job.id,
    world: async () => ({ ...(await shown()), guests: await pairOf(app, own.podId), effects: effects() }),
    holdings: async () => {
      await app.sim.control.idle()
      await expectNothingLeaked(app, own.tenantId)
      return shown()
    },
    // Deleting waits for a person; what could not be undeleted is kept on.
    afterPermanent:
      deed === 'keep'
        ? { state: 'deleting', action: null, kept: false, held }
        : { state: 'recoverable', action: null, kept: true, held },
  }
}

const KIND: Record<Deed, PodKind> = { keep: 'vm', undelete: 'ct' }

export const keepCases = (parts: PodParts): JobCase[] =>
  (['keep', 'undelete'] as const).map((deed) => ({
    name: `cloudPod.${deed} of a ${KIND[deed]}`,
    handler: parts.handlerOf(`cloudPod.${deed}`),
    permanent: deed === 'keep' ? ('stuck' as const) : ('failed' as const),
    arrange: (app: TestApp) => arrange(app, parts, deed, KIND[deed]),
  }))
