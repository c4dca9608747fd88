import { OVER_LIMIT, type OverLimit } from '../../../../shared/states/cloudPodTraffic.ts'
import { t } from '../../../../shared/text.ts'
import type { Plan } from '../../api/billing.ts'
import type { ApiForm } from '../../components/Form.tsx'
import { locale } from '../../lib/language.ts'
import { Card } from '../../ui/Card.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import type { PlanValues } from './PriceFields.tsx'

const WORDS: Record<OverLimit, string> = {
  none: t`Nothing: it is counted and shown`,
  notify: t`An event at 80 % and at 100 %`,
  throttle: t`These events, and the network is slow until the month ends`,
}

/** Nothing typed: without a limit. */
export const numberOf = (typed: string): number | null => (typed.trim() === '' ? null : Number(typed))

const within = (max: number) => (typed: string) => {
  const number = numberOf(typed)
  if (number === null || (Number.isInteger(number) && number >= 1 && number <= max)) return true
  return t`A whole number from 1 to ${max.toLocaleString(locale)}, or nothing.`
}

/** What a plan includes of the network; all of it may be left out. */
export function NetworkFields({ of: { form, errorOf } }: { of: ApiForm<PlanValues, Plan> }) {
  return (
    <Card title="Network">
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label="Traffic a month (GB)" optional hint="In and out together." error={errorOf('trafficGb')}>
          <Input
            inputMode="numeric"
            {...form.register('trafficGb', {
              validate: (typed, { overLimit }) =>
                typed.trim() === '' && overLimit !== 'none'
                  ? t`Say how much is included: without that it is never used up.`
                  : within(10_000_000)(typed),
            })}
          />
        </Field>
        <Field label="Speed (Mbit/s)" optional hint="Each way." error={errorOf('rateMbps')}>
          <Input inputMode="numeric" {...form.register('rateMbps', { validate: within(100_000) })} />
        </Field>
        <Field label="When the traffic is used up" error={errorOf('overLimit')}>
          <Select {...form.register('overLimit')}>
            {OVER_LIMIT.map((one) => (
              <option key={one} value={one}>
                {WORDS[one]}
              </option>
            ))}
          </Select>
        </Field>
      </div>
    </Card>
  )
}
