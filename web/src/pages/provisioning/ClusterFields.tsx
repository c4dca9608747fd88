import type { FieldPath } from 'react-hook-form'
import { t } from '../../../../shared/text.ts'
import { REQUIRED, wholeNumber, type ApiForm } from '../../components/Form.tsx'
import { Card } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { TrustFields, type ClusterValues } from './TrustFields.tsx'

/** What a cluster is: where, with which token, how it is recognised, and which VMIDs are ours. */
export function ClusterFields<Answer>({
  of,
  secretHint,
  secretRequired,
}: {
  of: ApiForm<ClusterValues, Answer>
  secretHint: string
  secretRequired: boolean
}) {
  const { form, errorOf } = of
  const text = (name: FieldPath<ClusterValues>, required = true) =>
    form.register(name, required ? { required: REQUIRED } : {})
  return (
    <>
      <Card title="Proxmox VE">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Name" error={errorOf('name')}>
            <Input maxLength={100} {...text('name')} />
          </Field>
          <Field label="Address" hint="Such as https://pve1.example.com:8006." error={errorOf('apiUrl')}>
            <Input
              type="url"
              spellCheck={false}
              maxLength={300}
              {...form.register('apiUrl', {
                required: REQUIRED,
                pattern: { value: /^\s*https:\/\/.+/, message: t`It begins with https://.` },
              })}
            />
          </Field>
          <Field
            label="Region"
            optional
            hint="Such as fra1; several clusters may be in one."
            error={errorOf('region')}
          >
            <Input
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              maxLength={32}
              {...text('region', false)}
            />
          </Field>
          <Field label="Token id" hint="Such as mpanel@pve!panel." error={errorOf('tokenId')}>
            <Input autoComplete="off" spellCheck={false} {...text('tokenId')} />
          </Field>
          <Field label="Token secret" hint={secretHint} error={errorOf('tokenSecret')}>
            <Input
              type="password"
              autoComplete="new-password"
              maxLength={200}
              {...text('tokenSecret', secretRequired)}
            />
          </Field>
        </div>
      </Card>
      <TrustFields of={of} />
      <Card title="VMIDs">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="First" error={errorOf('vmidMin')}>
            <Input type="number" min={100} {...form.register('vmidMin', wholeNumber(100, 999_999_999))} />
          </Field>
          <Field label="Last" error={errorOf('vmidMax')}>
            <Input type="number" min={100} {...form.register('vmidMax', wholeNumber(100, 999_999_999))} />
          </Field>
        </div>
        <p className="mt-3 text-[13px] text-muted">
          mPanel numbers its CloudPods only within this range. Keep other machines out of it.
        </p>
      </Card>
    </>
  )
}
