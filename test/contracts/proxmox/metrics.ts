import { expectEqual, expectOk, expectRejected, expectThat } from './expect.ts'
import { sharedVm } from './world.ts'
import type { Check } from './world.ts'

const TIMEFRAMES = ['hour', 'day', 'week', 'month', 'year'] as const

/** What was measured. Whether there is anything yet depends on how long the guest has been there. */
export const metricChecks: Check[] = [
  {
    name: 'figures come for every time frame, the oldest first, and what was not measured is no figure',
    async run(world) {
      const guest = await sharedVm(world)
      for (const timeframe of TIMEFRAMES) {
        const points = expectOk(timeframe, await world.proxmox.metrics(guest, timeframe))
        const times = points.map(({ at }) => at.getTime())
        expectEqual(
          'order',
          times,
          times.toSorted((a, b) => a - b),
        )
        for (const { at: _, ...figures } of points)
          for (const [name, value] of Object.entries(figures))
            expectThat(name, value === null || value >= 0, 'null or a figure', value)
      }
    },
  },
  {
    name: 'figures are asked for at a node: one that does not exist answers nothing',
    async run(world) {
      const guest = await sharedVm(world)
      expectRejected('nowhere', await world.proxmox.metrics({ ...guest, node: 'no-such-node' }, 'hour'), [
        'refused',
      ])
    },
  },
]
