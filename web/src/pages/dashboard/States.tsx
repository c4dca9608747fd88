import { Link, type LinkProps } from '@tanstack/react-router'
import { toneOf, type StateOf, type StateKind } from '../../components/StateBadge.tsx'
import { humanize } from '../../lib/words.ts'
import { Bars } from '../../ui/Bars.tsx'
import { Card } from '../../ui/Card.tsx'

/** How many there are in each state, in the order of their lives. */
export function States<Kind extends StateKind>({
  title,
  of,
  order,
  counts,
  to,
}: {
  title: string
  of: Kind
  order: readonly StateOf<Kind>[]
  counts: readonly { state: StateOf<Kind>; count: number }[]
  to: (state: StateOf<Kind>) => LinkProps
}) {
  const shown = order.flatMap((state) => counts.filter((one) => one.state === state))
  return (
    <Card title={title}>
      {shown.length === 0 ? (
        <p className="text-muted">There are none yet.</p>
      ) : (
        <Bars
          label={title}
          rows={shown.map(({ state, count }) => ({
            name: state,
            label: (
              <Link {...to(state)} className="hover:underline">
                {humanize(state)}
              </Link>
            ),
            value: count,
            tone: toneOf(of, state),
          }))}
        />
      )}
    </Card>
  )
}
