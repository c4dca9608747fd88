import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { quotaQuery, updateQuota, type QuotaView } from '../../api/tenants.ts'
import { Form, numberOrNone, useApiForm, wholeNumber } from '../../components/Form.tsx'
import { Loaded } from '../../components/Loaded.tsx'
import { NO_PERMISSION, useSession } from '../../components/session.ts'
import { UsageBar } from '../../components/UsageBar.tsx'
import { locale } from '../../lib/language.ts'
import { Button } from '../../ui/Button.tsx'
import { Card } from '../../ui/Card.tsx'
import { Dialog } from '../../ui/Dialog.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { toast } from '../../ui/Toast.tsx'

type Limits = NonNullable<QuotaView['limits']>
type Values = Record<keyof Limits, number | null>
const LIMITS: [name: keyof Limits, label: string, max: number][] = [
  ['maxPods', t`CloudPods`, 1_000_000],
  ['maxCores', t`Cores`, 10_000_000],
  ['maxMemoryMb', t`Memory (MiB)`, 2_000_000_000],
  ['maxDiskGb', t`Disk (GiB)`, 2_000_000_000],
  ['maxAddresses', t`Addresses`, 10_000_000],
  ['maxSnapshots', t`Snapshots`, 10_000_000],
  ['maxBackups', t`Backups`, 10_000_000],
]
/** These may be without a limit. */
const OPTIONAL = new Set<keyof Limits>(['maxAddresses', 'maxSnapshots', 'maxBackups'])

const MISCOUNTED: Record<QuotaView['miscounted'][number]['problem'], string> = {
  not_counted: t`it is there, and not counted`,
  counted_though_gone: t`it is gone, and still counted`,
  counted_otherwise: t`it is counted with another size, or number of addresses, snapshots or backups`,
}

/** Limits with their use; the platform changes them. */
export function QuotaTab({ tenantId }: { tenantId: string }) {
  const { can } = useSession()
  const query = useQuery(quotaQuery(tenantId))
  const [editing, setEditing] = useState(false)
  const reason = can('tenants:create', null) ? undefined : NO_PERMISSION('tenants:create')
  return (
    <Card
      title="Quota"
      actions={
        <Button size="sm" disabledReason={reason} onClick={() => setEditing(true)}>
          Change limits
        </Button>
      }
    >
      <Loaded query={query} what="quota">
        {({ limits, exceeded, miscounted }) => (
          <div className="space-y-4">
            {exceeded && (
              <Notice tone="warning" title="More is in use than the quota allows">
                What exists stays. New orders are refused until there is room.
              </Notice>
            )}
            {miscounted.length > 0 && (
              <Notice tone="danger" title="The use does not agree with the CloudPods">
                <ul className="list-disc pl-4">
                  {miscounted.map(({ podId, hostname, problem }) => (
                    <li key={podId}>
                      {hostname}: {MISCOUNTED[problem]}
                    </li>
                  ))}
                </ul>
              </Notice>
            )}
            {limits === null ? (
              <p className="text-muted">No quota was set: nothing can be ordered.</p>
            ) : (
              LIMITS.map(([name, label]) => (
                <div key={name}>
                  <UsageBar label={label} used={limits[name].used} total={limits[name].limit} />
                  <p className="mt-1 text-[13px] text-muted">
                    {limits[name].origin === 'default' ? t`The default` : t`Set by the platform`}
                  </p>
                </div>
              ))
            )}
            <Dialog open={editing} onClose={() => setEditing(false)} title="Change limits">
              <QuotaForm tenantId={tenantId} limits={limits} onClose={() => setEditing(false)} />
            </Dialog>
          </div>
        )}
      </Loaded>
    </Card>
  )
}

const hintOf = (name: keyof Limits, limits: Limits | null): string | undefined => {
  const used = limits?.[name].used.toLocaleString(locale)
  if (!OPTIONAL.has(name)) return used === undefined ? undefined : t`${used} in use.`
  return used === undefined ? t`Empty: without a limit.` : t`${used} in use. Empty: without a limit.`
}

function QuotaForm({
  tenantId,
  limits,
  onClose,
}: {
  tenantId: string
  limits: Limits | null
  onClose: () => void
}) {
  const of = useApiForm<Values, QuotaView>({
    defaultValues: Object.fromEntries(
      LIMITS.map(([name]) => [name, limits?.[name].limit ?? (OPTIONAL.has(name) ? null : 0)]),
    ) as Values,
    send: (values) => updateQuota(tenantId, values),
    onDone: () => {
      toast.done(t`Quota saved`)
      onClose()
    },
  })
  return (
    <Form of={of} submitLabel="Save" onCancel={onClose}>
      <div className="grid gap-4 sm:grid-cols-2">
        {LIMITS.map(([name, label, max]) => (
          <Field
            key={name}
            label={label}
            optional={OPTIONAL.has(name)}
            hint={hintOf(name, limits)}
            error={of.errorOf(name)}
          >
            <Input
              type="number"
              min={0}
              {...of.form.register(name, OPTIONAL.has(name) ? numberOrNone(max) : wholeNumber(0, max))}
            />
          </Field>
        ))}
      </div>
    </Form>
  )
}
