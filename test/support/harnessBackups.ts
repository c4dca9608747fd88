import { sql } from 'kysely'
import type { CloudPodBackups } from '../../shared/api/cloudPodBackups.ts'
import type { Accepted } from '../../src/services/cloudPodBackupService.ts'
import type { TestApp } from './app.ts'
import { ownPod, type OwnPod, type PodKind, type PodParts } from './harnessPods.ts'
import { toRest, type Arranged, type JobCase } from './harnessRun.ts'
import { countEffects, expectNothingLeaked, guestsOf, podRow, podWorld, rowsOf } from './harnessWorld.ts'

type Deed = 'backup' | 'backupDelete' | 'restore'

/** One pod for each case; its backups are taken away again before the next. */
const podOf = (app: TestApp, { activePod }: PodParts, kind: PodKind, deed: Deed): Promise<OwnPod> =>
  ownPod(app, `${deed} ${kind}`, (tenantId) => activePod(app, tenantId, kind))

/** No backups, and running. */
async function setBack(app: TestApp, { podId }: OwnPod): Promise<void> {
  await app.sim.control.idle()
  const { vmid } = await podRow(app, podId)
  app.sim.control.forgetBackups(vmid)
  app.sim.control.changeGuest(vmid, { power: 'running' })
  await rowsOf(
    app,
    sql`update cloud_pod_backups set state = 'deleted', problem = null, deleted_at = now()
      where pod_id = ${podId} and state <> 'deleted'`,
  )
  await rowsOf(
    app,
    sql`update cloud_pods set power_state = 'running', power_checked_at = now(), action = null, problem = null
      where id = ${podId}`,
  )
}

async function arrange(app: TestApp, parts: PodParts, kind: PodKind, deed: Deed): Promise<Arranged> {
  const own = await podOf(app, parts, kind, deed)
  await setBack(app, own)
  const path = `/api/admin/hosting/cloudpods/${own.podId}/backups`
  const pod = await podRow(app, own.podId)
  const taken = await app.admin.post<Accepted>(path)
  if (taken.status !== 202) throw new Error(JSON.stringify(taken.body))
  if (deed !== 'backup') await toRest(app, taken.body.job.id, parts.handlerOf('cloudPod.backup'))
  const one = `${path}/${taken.body.backup.id}`
  const asked =
    deed === 'backupDelete'
      ? await app.admin.call<Accepted>('DELETE', one)
      : deed === 'restore'
        ? await app.admin.post<Accepted>(`${one}/restore`, { hostname: pod.hostname })
        : taken
  if (asked.status !== 202) throw new Error(JSON.stringify(asked.body))
  const effects = countEffects(app)
  const shown = async () => {
    const { body } = await app.admin.get<CloudPodBackups>(path)
    return body.items.map(({ state, takenAt, restoredAt, sizeBytes }) => ({
      state,
      taken: takenAt !== null,
      restored: restoredAt !== null,
      sizeBytes,
    }))
  }
  const onStorage = () => app.sim.control.backups().filter(({ vmid }) => vmid === pod.vmid).length
  return {
    jobId: asked.body.job.id,
    world: async () => ({
      ...((await podWorld(app, own.podId)) as object),
      effects: effects(),
      shown: await shown(),
      onStorage: onStorage(),
    }),
    holdings: async () => {
      await app.sim.control.idle()
      await expectNothingLeaked(app, own.tenantId)
      const after = await podRow(app, own.podId)
      const power = guestsOf(app, own.podId).map((guest) => guest.power)
      const backups = deed === 'restore' ? onStorage() : null
      return { pod: after.state, action: after.action, power, backups }
    },
    afterPermanent: {
      pod: 'active',
      action: null,
      power: ['running'],
      backups: deed === 'restore' ? 1 : null,
    },
  }
}

const KIND: Record<Deed, 'vm' | 'ct'> = { backup: 'vm', backupDelete: 'vm', restore: 'ct' }

export const backupCases = (parts: PodParts): JobCase[] =>
  (['backup', 'backupDelete', 'restore'] as const).map((deed) => ({
    name: `cloudPod.${deed} of a ${KIND[deed]}`,
    handler: parts.handlerOf(`cloudPod.${deed}`),
    permanent: 'failed' as const,
    arrange: (app: TestApp) => arrange(app, parts, KIND[deed], deed),
  }))
