import { sql } from 'kysely'
import type { CloudPodBackups } from '../../shared/api/cloudPodBackups.ts'
import type { Accepted } from '../../src/services/cloudPodBackupService.ts'
import type { TestApp } from './app.ts'
import { toRest, type AnyHandler, type Arranged, type JobCase } from './harnessRun.ts'
import { countEffects, expectNothingLeaked, guestsOf, podRow, podWorld, rowsOf } from './harnessWorld.ts'

type Deed = 'backup' | 'backupDelete' | 'restore' | 'restoreToNew'
type Own = { tenantId: string; podId: string }
type Parts = {
  handlerOf: (kind: string) => AnyHandler
  activePod: (app: TestApp, tenantId: string, kind: 'vm' | 'ct') => Promise<string>
}

/** One pod for each case; its backups are taken away again before the next. */
const pods = new WeakMap<TestApp, Map<string, Own>>()

async function podOf(app: TestApp, { activePod }: Parts, kind: 'vm' | 'ct', deed: Deed): Promise<Own> {
  const own = pods.get(app) ?? new Map<string, Own>()
  pods.set(app, own)
  const known = own.get(deed)
  if (known) return known
  const tenantId = await app.tenant()
  const made = { tenantId, podId: await activePod(app, tenantId, kind) }
  own.set(deed, made)
  return made
}

/** No backups, and running. */
async function setBack(app: TestApp, { podId }: Own): Promise<void> {
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

type Asked = { backup?: unknown; cloudPod?: { id: string }; job: { id: string } }

async function ask(
  app: TestApp,
  deed: Deed,
  path: string,
  first: Accepted,
  hostname: string,
): Promise<Asked> {
  const one = `${path}/${first.backup.id}`
  const answers = {
    backup: async () => ({ status: 202, body: first as Asked }),
    backupDelete: () => app.admin.call<Asked>('DELETE', one),
    restore: () => app.admin.post<Asked>(`${one}/restore`, { hostname }),
    restoreToNew: () =>
      app.admin.post<Asked>(`${one}/restore-to-new`, { hostname: `new-${first.backup.id.slice(-12)}` }),
  }
  const { status, body } = await answers[deed]()
  if (status !== 202) throw new Error(JSON.stringify(body))
  return body
}

async function arrange(app: TestApp, parts: Parts, kind: 'vm' | 'ct', deed: Deed): Promise<Arranged> {
  const own = await podOf(app, parts, kind, deed)
  await setBack(app, own)
  const path = `/api/admin/hosting/cloudpods/${own.podId}/backups`
  const pod = await podRow(app, own.podId)
  const taken = await app.admin.post<Accepted>(path)
  if (taken.status !== 202) throw new Error(JSON.stringify(taken.body))
  if (deed !== 'backup') await toRest(app, taken.body.job.id, parts.handlerOf('cloudPod.backup'))
  const asked = await ask(app, deed, path, taken.body, pod.hostname)
  const effects = countEffects(app)
  const aboutId = asked.cloudPod?.id ?? own.podId
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
    jobId: asked.job.id,
    world: async () => ({
      ...((await podWorld(app, aboutId)) as object),
      effects: effects(),
      shown: await shown(),
      onStorage: onStorage(),
    }),
    holdings: async () => {
      await app.sim.control.idle()
      await expectNothingLeaked(app, own.tenantId)
      const after = await podRow(app, aboutId)
      const power = guestsOf(app, aboutId).map((guest) => guest.power)
      const isKept = deed === 'restore' || deed === 'restoreToNew'
      return { pod: after.state, action: after.action, power, backups: isKept ? onStorage() : null }
    },
    afterPermanent: {
      pod: deed === 'restoreToNew' ? 'failed' : 'active',
      action: null,
      power: deed === 'restoreToNew' ? [] : ['running'],
      backups: deed === 'restore' || deed === 'restoreToNew' ? 1 : null,
    },
  }
}

const KIND: Record<Deed, 'vm' | 'ct'> = {
  backup: 'vm',
  backupDelete: 'ct',
  restore: 'vm',
  restoreToNew: 'ct',
}

export const backupCases = (parts: Parts): JobCase[] =>
  (['backup', 'backupDelete', 'restore', 'restoreToNew'] as const).map((deed) => {
    const job = deed === 'restoreToNew' ? 'cloudPod.create' : `cloudPod.${deed}`
    return {
      name: deed === 'restoreToNew' ? 'cloudPod.create out of a backup' : `${job} of a ${KIND[deed]}`,
      handler: parts.handlerOf(job),
      permanent: 'failed' as const,
      arrange: (app: TestApp) => arrange(app, parts, KIND[deed], deed),
    }
  })
