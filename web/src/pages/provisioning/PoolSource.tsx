import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { t } from '../../../../shared/text.ts'
import { checkIpSource, compareIpPool, ipSourcesQuery, type IpSourceCheck } from '../../api/ipSources.ts'
import type { IpPool } from '../../api/provisioning.ts'
import { useSubmit } from '../../api/submit.ts'
import { REQUIRED, type ApiForm } from '../../components/Form.tsx'
import { useSession } from '../../components/session.ts'
import { paths } from '../../paths.ts'
import { Button } from '../../ui/Button.tsx'
import { Card, Facts } from '../../ui/Card.tsx'
import { Field, Input, Select } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { Time } from '../../ui/Time.tsx'
import { toast } from '../../ui/Toast.tsx'
import { SourceFound } from './SourceFields.tsx'

/** What is typed for a new pool. */
export type PoolValues = {
  clusterId: string
  name: string
  network: string
  gateway: string
  rangeStart: string
  rangeEnd: string
  bridge: string
  vlan: string
  dnsServers: string
  wholePrefix: boolean
  quarantineHours: number
  sourceId: string
  prefixId: string
}

/** Of which prefix of which NetBox a new pool is; nothing to choose where there is no NetBox. */
export function PoolSourceFields({ of: { form, errorOf } }: { of: ApiForm<PoolValues, IpPool> }) {
  const query = useQuery(ipSourcesQuery({ limit: 200 }))
  const [found, setFound] = useState<IpSourceCheck>()
  const chosen = form.watch('sourceId')
  const check = useSubmit({
    send: (_: undefined, key) => checkIpSource(chosen, Number(form.getValues('prefixId')), key),
    onDone: (answer: IpSourceCheck) => {
      setFound(answer)
      if (answer.prefix) form.setValue('network', answer.prefix.network)
    },
  })
  const lookUp = async () => {
    setFound(undefined)
    if (await form.trigger('prefixId')) check.mutate(undefined)
  }
  if (!query.data || query.data.items.length === 0) return null
  return (
    <div className="space-y-4">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Addresses are kept"
          hint="In a NetBox, they are taken and given back there too."
          error={errorOf('source.id')}
        >
          <Select {...form.register('sourceId')}>
            <option value="">here alone</option>
            {query.data.items.map(({ id, name }) => (
              <option key={id} value={id}>
                in {name}
              </option>
            ))}
          </Select>
        </Field>
        {chosen !== '' && (
          <Field
            label="Prefix number"
            hint="At the end of the address of the prefix’s page in NetBox."
            error={errorOf('prefixId')}
          >
            <Input
              inputMode="numeric"
              {...form.register('prefixId', {
                required: REQUIRED,
                validate: (typed) => /^\s*[1-9]\d{0,14}\s*$/.test(typed) || t`A number.`,
              })}
            />
          </Field>
        )}
      </div>
      {chosen !== '' && (
        <>
          <Button size="sm" loading={check.isPending} onClick={() => void lookUp()}>
            Look the prefix up
          </Button>
          <div aria-live="polite">
            {check.error && <Notice tone="danger">{check.error.message}</Notice>}
            {found && <SourceFound found={found} />}
          </div>
        </>
      )}
    </div>
  )
}

/** How a pool stands with its NetBox. */
export function PoolSourceCard({
  pool,
  source,
  mayNot,
}: {
  pool: IpPool
  source: NonNullable<IpPool['source']>
  mayNot: string | undefined
}) {
  const { tenant } = useSession()
  const navigate = useNavigate()
  const compare = useSubmit({
    send: (_: undefined, key) => compareIpPool(pool.id, key),
    onDone: ({ job }) => void navigate(paths.job(tenant.slug, job.id)),
  })
  return (
    <Card
      title="NetBox"
      actions={
        <Button
          size="sm"
          loading={compare.isPending}
          disabledReason={mayNot}
          onClick={() =>
            compare.mutate(undefined, { onError: (error) => toast.failed(t`Not compared`, error.message) })
          }
        >
          Compare now
        </Button>
      }
    >
      <div className="space-y-3">
        {source.problem && (
          <Notice tone="danger" title="Nothing is given out of it">
            {source.problem}
          </Notice>
        )}
        {source.untoldProblem && (
          <Notice tone="warning" title="NetBox does not take all of it">
            {source.untoldProblem}
          </Notice>
        )}
        {!source.problem && source.comparedAt === null && (
          <Notice tone="info">Addresses are given out once it was compared with NetBox.</Notice>
        )}
        <Facts
          facts={[
            [t`Prefix`, t`${source.prefixId} of ${source.name}`],
            [t`Compared`, <Time key="compared" at={source.comparedAt} relative />],
            [t`Held by others`, String(source.taken)],
            [t`Still to be told`, String(source.untold)],
          ]}
        />
      </div>
    </Card>
  )
}
