import { zoneTransfers, type ZonePayload } from '../services/dnsQueues.ts'
import * as dnsTransferService from '../services/dnsTransferService.ts'
import { valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

async function tell(run: Run<ZonePayload>): Promise<{ revision: number } | null> {
  const wanted = await run.read((ctx) => dnsTransferService.wantedOf(ctx, run.payload.zoneId))
  if (!wanted) return null
  const server = run.root.vendors.dnsServer(wanted.connection)
  if (wanted.transfers) valueOf(await server.prepareTransfers(wanted.transfers))
  valueOf(await server.setTransfers(wanted.name, wanted.transfers))
  return { revision: wanted.revision }
}

/** Has the server of a zone let its secondaries copy it, and nobody else. Told again, it changes nothing. */
export const domainZoneTransfers: JobHandler<ZonePayload> = {
  kind: zoneTransfers.kind,
  parse: (payload) => zoneTransfers.payload.parse(payload),
  steps: [
    { name: 'tell', title: 'Telling the server who copies the zone', run: tell, idempotent: true },
    {
      name: 'settle',
      title: 'Writing down that it knows',
      commit: async (ctx, run) => {
        const told = run.output('tell') as { revision: number } | null
        if (told) await dnsTransferService.noteTransfers(ctx, run.payload.zoneId, told.revision)
      },
    },
  ],
}
