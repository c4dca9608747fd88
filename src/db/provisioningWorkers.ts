import { sql } from 'kysely'
import type { Tx } from './index.ts'

export type WorkerEntry = {
  name: string
  host: string
  pid: number
  version: string
  concurrency: number
  draining: boolean
}

/** Says that a worker is there. */
export async function report(tx: Tx, worker: WorkerEntry): Promise<void> {
  await sql`insert into workers (name, host, pid, version, concurrency, started_at, seen_at, draining)
    values (${worker.name}, ${worker.host}, ${worker.pid}, ${worker.version}, ${worker.concurrency},
      clock_timestamp(), clock_timestamp(), ${worker.draining})
    on conflict (name) do update set seen_at = excluded.seen_at, draining = excluded.draining`.execute(tx)
}

/** A worker has ended in order. */
export async function remove(tx: Tx, name: string): Promise<void> {
  await tx.deleteFrom('workers').where('name', '=', name).execute()
}

type Running = { id: string; kind: string; label: string; since: string | null }
type Listed = WorkerEntry & { started_at: Date; seen_at: Date; silent_ms: number; jobs: Running[] }

/** The fleet with what each is running, in the order of their names. */
export async function list(tx: Tx): Promise<Listed[]> {
  const { rows } = await sql<Listed>`select w.*,
      (extract(epoch from clock_timestamp() - w.seen_at) * 1000)::float8 as silent_ms,
      coalesce((select jsonb_agg(jsonb_build_object('id', j.id, 'kind', j.kind, 'label', j.subject_label,
          'since', to_jsonb(j.started_at)) order by j.started_at)
        from provisioning_jobs_live j where j.state = 'running' and j.lease_owner = w.name), '[]') as jobs
    from workers w order by w.host, w.started_at`.execute(tx)
  return rows
}

/** Forgets workers that died without a word before `before`. */
export async function forgetBefore(tx: Tx, before: Date): Promise<void> {
  await tx.deleteFrom('workers').where('seen_at', '<', before).execute()
}
