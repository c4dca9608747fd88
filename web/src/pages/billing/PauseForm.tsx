import { useQuery } from '@tanstack/react-query'
import type { PausePreview } from '../../../../shared/api/billingContracts.ts'
import { t } from '../../../../shared/text.ts'
import { pausePreviewQuery, pauseSubscription, type Subscription } from '../../api/billing.ts'
import { Form, REQUIRED, useApiForm } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { formatMoney, isZero } from '../../lib/money.ts'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Day } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'

type Values = { until: string; reason: string }

export function PauseForm({ subscription, onClose }: { subscription: Subscription; onClose: () => void }) {
  const of = useApiForm<Values, Subscription>({
    defaultValues: { until: '', reason: '' },
    send: ({ until, reason }, key) =>
      pauseSubscription(subscription.id, { until: until === '' ? null : until, reason }, key),
    onDone: () => {
      toast.done(t`Subscription paused`)
      onClose()
    },
  })
  const preview = useQuery(pausePreviewQuery(subscription.id, of.form.watch('until')))
  return (
    <Form of={of} submitLabel="Pause" submitReason={preview.data?.blockers[0]} onCancel={onClose}>
      <p>
        The CloudPod is switched off and its data are kept. Its periods are not billed until it is resumed.
      </p>
      <Field
        label="Resume on"
        optional
        hint="At most a year from now. Without a day: when somebody resumes it."
        error={of.errorOf('until')}
      >
        <Input type="date" {...of.form.register('until')} />
      </Field>
      <Field label="Reason" error={of.errorOf('reason')}>
        <Input maxLength={500} {...of.form.register('reason', { required: REQUIRED })} />
      </Field>
      <Loaded query={preview} what="preview">
        {(data) => <Effect preview={data} />}
      </Loaded>
    </Form>
  )
}

function Effect({
  preview: { blockers, from, to, daysLeft, takenBack, resumed, storage },
}: {
  preview: PausePreview
}) {
  if (blockers.length > 0)
    return (
      <Notice tone="warning" title="It cannot be paused now">
        {blockers.map((reason) => (
          <p key={reason}>{reason}</p>
        ))}
      </Notice>
    )
  return (
    <Notice tone="info" title="What it does">
      <p>
        {daysLeft === 1 ? (
          <>
            1 day of the period <Day date={from} /> – <Day date={to} /> is left after today. They come after
            the pause.
          </>
        ) : (
          <>
            {daysLeft} days of the period <Day date={from} /> – <Day date={to} /> are left after today. They
            come after the pause.
          </>
        )}
      </p>
      {resumed && (
        <p>
          Resumed on <Day date={resumed.on} />, the period then lasts until <Day date={resumed.to} />.
        </p>
      )}
      {storage && <Storage storage={storage} />}
      {takenBack.map(({ id, number, total, paid }) => (
        <p key={id}>
          Invoice {number} over {formatMoney(total)} is for a later period and is taken back.
          {!isZero(paid) && ` ${t`The ${formatMoney(paid)} paid of it become credit.`}`}
        </p>
      ))}
    </Notice>
  )
}

/** What the disk costs meanwhile. */
function Storage({
  storage: { each, first, times, total },
}: {
  storage: NonNullable<PausePreview['storage']>
}) {
  if (times === 0) return <p>Its disk costs nothing: no renewal day passes meanwhile.</p>
  return (
    <p>
      Its disk costs {formatMoney(each)} on each renewal day that passes, the first time on{' '}
      <Day date={first} />.{total !== null && ` ${t`Together that is ${formatMoney(total)}.`}`}
    </p>
  )
}
