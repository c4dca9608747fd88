import type { Blueprint } from '../api/provisioning.ts'
import { RadioCards, type RadioCard } from '../ui/RadioCards.tsx'
import { planCard, type Catalogue } from './catalogue.tsx'
import { Loaded } from './Loaded.tsx'

type Choice = { value: string; onChange: (id: string) => void }

/** One of the plans that are sold. */
export function PlanCards({
  catalogue: { plans, offered },
  ...choice
}: Choice & { catalogue: Pick<Catalogue, 'plans' | 'offered'> }) {
  return (
    <Loaded query={plans} what="plans">
      {() => (
        <RadioCards label="Plan" name="planId" options={offered.map((item) => planCard(item))} {...choice} />
      )}
    </Loaded>
  )
}

/** One of the blueprints that are sold. @param card null for one that is not shown at all */
export function BlueprintCards({
  catalogue: { blueprints, sold },
  card,
  ...choice
}: Choice & {
  catalogue: Pick<Catalogue, 'blueprints' | 'sold'>
  card: (blueprint: Blueprint) => RadioCard | null
}) {
  return (
    <Loaded query={blueprints} what="blueprints">
      {({ items }) => (
        <RadioCards
          label="Blueprint"
          name="blueprintId"
          options={items
            .filter(sold)
            .map(card)
            .filter((shown) => shown !== null)}
          {...choice}
        />
      )}
    </Loaded>
  )
}
