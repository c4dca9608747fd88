import { ok, type Outcome } from '../../lib/outcome.ts'
import { guestPath, map } from './answers.ts'
import type { Caller } from './caller.ts'
import type { MetricPoint, Timeframe } from './metricTypes.ts'
import { asRows, readMetrics } from './read.ts'
import type { Call, GuestRef } from './types.ts'

/** The part of the client that is about what was measured. */
export function metrics(caller: Caller) {
  return {
    async metrics(guest: GuestRef, timeframe: Timeframe, call?: Call): Promise<Outcome<MetricPoint[]>> {
      const query = { timeframe, cf: 'AVERAGE' }
      const answer = await caller.call('GET', guestPath(guest, 'rrddata'), { query, ...call })
      // A guest that was made a moment ago has no file of figures yet.
      if (answer.outcome === 'rejected' && answer.code === 'missing') return ok([])
      return map(answer, (data) => asRows(data).map(readMetrics))
    },
  }
}
