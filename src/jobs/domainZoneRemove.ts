import { zoneRemove as declared, type ZonePayload } from '../services/dnsQueues.ts'
import * as dnsZoneService from '../services/dnsZoneService.ts'
import { asked } from './domainZoneApply.ts'
import { JobError } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

/** Deletes the zone if it is ours, and looks that it is gone. */
async function remove(run: Run<ZonePayload>): Promise<void> {
  const { zoneId } = run.payload
  const found = await run.read((ctx) => dnsZoneService.removal(ctx, zoneId))
  if (!found) return
  const server = run.root.vendors.dnsServer(found.connection)
  const { name } = found.zone
  const isOurs = async () => (await asked(run, zoneId, server.zoneHead(name)))?.owner === zoneId
  if (!(await isOurs())) return
  await asked(run, zoneId, server.removeZone(name))
  if (await isOurs()) throw new JobError('retry', 'still_there', 'The zone was deleted, and is still there.')
}

/** Takes a zone off its server. */
export const domainZoneRemove: JobHandler<ZonePayload> = {
  kind: declared.kind,
  parse: (payload) => declared.payload.parse(payload),
  onPermanent: 'stuck',
  steps: [
    { name: 'remove', title: 'Taking the zone off its server', run: remove, idempotent: true },
    {
      name: 'settle',
      title: 'Writing down that it is gone',
      commit: (ctx, run) => dnsZoneService.noteRemoved(ctx, run.payload.zoneId),
    },
  ],
}
