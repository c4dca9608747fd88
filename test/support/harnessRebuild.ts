import { sql } from 'kysely'
import type { CloudPodDetail } from '../../shared/api/cloudPods.ts'
import type { Accepted } from '../../src/services/cloudPodService.ts'
import type { TestApp } from './app.ts'
import { ownPod, type OwnPod, type PodKind, type PodParts } from './harnessPods.ts'
import { toRest, type Arranged, type JobCase } from './harnessRun.ts'
import { countEffects, expectNothingLeaked, guestsOf, heldBy, podRow, rowsOf } from './harnessWorld.ts'

type Deed = 'rebuild' | 'goBack' | 'letGo'

/** One pod for each deed; its second guest is taken away again before the next. */
const podOf = (app: TestApp, { activePod }: PodParts, deed: Deed, kind: PodKind): Promise<OwnPod> =>
  ownPod(app, deed, (tenantId) => activePod(app, tenantId, kind))

/** Without a second guest, and running. */
async function setBack(app: TestApp, { podId }: OwnPod): Promise<void> {
  await app.sim.control.idle()
  const { vmid } = await podRow(app, podId)
  for (const guest of guestsOf(app, podId)) if (guest.vmid !== vmid) app.sim.control.removeGuest(guest.vmid)
  app.sim.control.changeGuest(vmid, { power: 'running' })
  await rowsOf(
    app,
    sql`update cloud_pod_rebuilds set state = 'gone', ended_at = now() where pod_id = ${podId} and ended_at is null`,
  )
  await rowsOf(app, sql`delete from vmid_reservations where pod_id = ${podId} and vmid <> ${vmid}`)
  await rowsOf(
    app,
    sql`update cloud_pods set power_state = 'running', power_checked_at = now(), action = null, problem = null
      where id = ${podId}`,
  )
}

/** Whoever went back once may go back again: two guests are enough for every try. */
async function pairUp(app: TestApp, { podId }: OwnPod): Promise<boolean> {
  await app.sim.control.idle()
  const { vmid } = await podRow(app, podId)
  if (guestsOf(app, podId).length !== 2) return false
  app.sim.control.changeGuest(vmid, { power: 'running' })
  await rowsOf(
    app,
    sql`update cloud_pods set power_state = 'running', power_checked_at = now(), action = null, problem = null
      where id = ${podId}`,
  )
  return true
}

/** Both guests of a pod as they are told apart. */
export async function pairOf(app: Pick<TestApp, 'root' | 'sim'>, podId: string) {
  const pod = await podRow(app, podId)
  return guestsOf(app, podId)
    .map(({ vmid, power, config }) => ({
      own: vmid === pod.vmid,
      power,
      linkDown: config.net0?.includes('link_down=1') === true,
      mac: config.net0?.toUpperCase().includes(pod.mac.toUpperCase()) === true,
      onboot: config.onboot === '1',
      tags: config.tags,
      noted: config.description?.includes('Kept by mPanel') === true,
    }))
    .toSorted((a, b) => Number(b.own) - Number(a.own))
}

async function arrange(app: TestApp, parts: PodParts, deed: Deed, kind: PodKind): Promise<Arranged> {
  const own = await podOf(app, parts, deed, kind)
  const isPair = deed === 'goBack' && (await pairUp(app, own))
  if (!isPair) await setBack(app, own)
  const path = `/api/admin/hosting/cloudpods/${own.podId}`
  const { hostname } = await podRow(app, own.podId)
  const ask = async (what: string): Promise<Accepted> => {
    const { status, body } = await app.admin.post<Accepted>(`${path}/${what}`, { hostname })
    if (status !== 202) throw new Error(JSON.stringify(body))
    return body
  }
  const rebuilding = isPair ? null : await ask('rebuild')
  if (rebuilding && deed !== 'rebuild')
    await toRest(app, rebuilding.job.id, parts.handlerOf('cloudPod.rebuild'))
  const asked =
    deed === 'rebuild' && rebuilding
      ? rebuilding
      : await ask(`kept-guest/${deed === 'goBack' ? 'return' : 'destroy'}`)
  const before = await podRow(app, own.podId)
  const effects = countEffects(app)
  const shown = async () => {
    const { body } = await app.admin.get<CloudPodDetail>(path)
    return { state: body.state, action: body.action, kept: body.keptGuest?.state ?? null }
  }
  return {
    jobId: asked.job.id,
    world: async () => ({
      ...(await shown()),
      pair: await pairOf(app, own.podId),
      same: (await podRow(app, own.podId)).vmid === before.vmid,
      held: await heldBy(app, own.podId),
      effects: effects(),
    }),
    holdings: async () => {
      await app.sim.control.idle()
      await expectNothingLeaked(app, own.tenantId)
      const { state, action } = await shown()
      const power = guestsOf(app, own.podId).find(({ vmid }) => vmid === before.vmid)?.power
      return { state, action, power }
    },
    // Whatever failed: the pod has the guest that it had, and that runs.
    afterPermanent: { state: 'active', action: null, power: 'running' },
  }
}

const KIND: Record<Deed, PodKind> = { rebuild: 'vm', goBack: 'ct', letGo: 'vm' }

export const rebuildCases = (parts: PodParts): JobCase[] =>
  (['rebuild', 'goBack', 'letGo'] as const).map((deed) => ({
    name: `cloudPod.${deed} of a ${KIND[deed]}`,
    handler: parts.handlerOf(`cloudPod.${deed}`),
    permanent: 'failed' as const,
    arrange: (app: TestApp) => arrange(app, parts, deed, KIND[deed]),
  }))
