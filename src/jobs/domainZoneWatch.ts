import type { DelegationSeen } from '../integrations/dns/types.ts'
import type { DnsKey } from '../lib/dns/dnssec.ts'
import type { Outcome } from '../lib/outcome.ts'
import { zoneSign, zoneWatch, type ZonePayload } from '../services/dnsQueues.ts'
import * as dnsWatchService from '../services/dnsWatchService.ts'
import { JobError, valueOf } from './errors.ts'
import type { JobHandler, Run } from './steps.ts'

type Looked = { seen: DelegationSeen; spf: Record<string, number | null> }

/** Looks at a zone as the world does, and takes its signing one step further. What is found is the result. */
export const domainZoneWatch: JobHandler<ZonePayload> = {
  kind: zoneWatch.kind,
  parse: (payload) => zoneWatch.payload.parse(payload),
  steps: [
    {
      name: 'look',
      title: 'Asking the name servers',
      run: async (run) => {
        const subject = await run.read((ctx) => dnsWatchService.subjectOf(ctx, run.payload.zoneId))
        if (!subject) return null
        const { vendors } = run.root
        const seen = await vendors.delegation(subject.name, subject.hosts)
        const spf = await dnsWatchService.countLookups((name) => vendors.txt(name), subject.spf)
        return { seen, spf } satisfies Looked
      },
      idempotent: true,
    },
    {
      name: 'settle',
      title: 'Writing down what was seen',
      commit: async (ctx, run) => {
        const looked = run.output('look') as Looked | null
        if (looked) await dnsWatchService.noteSeen(ctx, run.payload.zoneId, looked)
      },
    },
  ],
}

type Signed = { keys: DnsKey[] } | { refused: string }

/** Where the server is, and what it said, is not for whoever has the zone: the job has it. */
const AWAY = 'The DNS server does not answer at the moment. It is tried again.'
const FAILED = 'The DNS server has not done it. It is tried again.'

/** A server that cannot be asked is waited for; the zone says so meanwhile. */
async function asked<T>(run: Run<ZonePayload>, answer: Promise<Outcome<T>>): Promise<T> {
  try {
    return valueOf(await answer)
  } catch (error) {
    if (error instanceof JobError && error.kind === 'wait')
      await run.tx((ctx) => dnsWatchService.noteHindrance(ctx, run.payload.zoneId, AWAY))
    throw error
  }
}

/** Both directions may be repeated. Believed are the keys that are read afterwards. */
async function sign(run: Run<ZonePayload>): Promise<Signed | null> {
  const wanted = await run.read((ctx) => dnsWatchService.signingOf(ctx, run.payload.zoneId))
  if (!wanted) return null
  const server = run.root.vendors.dnsServer(wanted.connection)
  const head = await asked(run, server.zoneHead(wanted.name))
  if (head?.owner !== wanted.zoneId)
    return { refused: 'The zone is not on its server, or not ours there: have it applied first.' }
  const answer = await (wanted.signed ? server.sign(wanted.name) : server.unsign(wanted.name))
  if (answer.outcome === 'rejected' && (answer.code === 'unsupported' || answer.code === 'invalid'))
    return { refused: answer.message }
  await asked(run, Promise.resolve(answer))
  const keys = await asked(run, server.keys(wanted.name))
  if (keys.length > 0 === wanted.signed) return { keys }
  throw new JobError(
    'retry',
    'not_as_written',
    wanted.signed ? 'The server has made no keys.' : 'The server still has the keys of the zone.',
  )
}

/** Has a zone signed by its server, or its keys taken away. */
export const domainZoneSign: JobHandler<ZonePayload> = {
  kind: zoneSign.kind,
  parse: (payload) => zoneSign.payload.parse(payload),
  steps: [
    { name: 'sign', title: 'Telling the server', run: sign, idempotent: true },
    {
      name: 'settle',
      title: 'Writing down the keys',
      commit: async (ctx, run) => {
        const came = run.output('sign') as Signed | null
        if (came === null) return
        const { zoneId } = run.payload
        if ('refused' in came) await dnsWatchService.noteHindrance(ctx, zoneId, came.refused)
        else await dnsWatchService.noteKeys(ctx, zoneId, came.keys)
      },
    },
  ],
  failed: (ctx, { zoneId }) => dnsWatchService.noteHindrance(ctx, zoneId, FAILED),
}
