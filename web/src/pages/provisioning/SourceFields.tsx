import { t } from '../../../../shared/text.ts'
import type { IpSourceCheck } from '../../api/ipSources.ts'
import { CA_RULES, CaField } from '../../components/CaField.tsx'
import { REQUIRED, type ApiForm } from '../../components/Form.tsx'
import { Card } from '../../ui/Card.tsx'
import { Field, Input } from '../../ui/Field.tsx'
import { Notice } from '../../ui/Notice.tsx'
import { ConnectionCheck } from '../../components/ConnectionCheck.tsx'

export type SourceValues = { name: string; url: string; token: string; caPem: string; field: string }

/** The connection as the API takes it. */
export const sourceOf = ({ url, token, caPem, field }: SourceValues) => ({
  url: url.trim(),
  token: token.trim(),
  caPem: caPem.trim() === '' ? null : caPem.trim(),
  field: field.trim(),
})

/** Where a NetBox is, with which token it is asked, and where our marks stand. */
export function SourceFields<Answer>({
  of: { form, errorOf },
  tokenHint,
  tokenRequired,
}: {
  of: ApiForm<SourceValues, Answer>
  tokenHint: string
  tokenRequired: boolean
}) {
  return (
    <Card title="NetBox">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" error={errorOf('name')}>
          <Input maxLength={100} {...form.register('name', { required: REQUIRED })} />
        </Field>
        <Field label="Address" hint="Such as https://netbox.example.com." error={errorOf('url')}>
          <Input
            type="url"
            spellCheck={false}
            maxLength={300}
            {...form.register('url', {
              required: REQUIRED,
              pattern: { value: /^\s*https?:\/\/.+/, message: t`It begins with https://.` },
            })}
          />
        </Field>
        <Field label="Token" hint={tokenHint} error={errorOf('token')}>
          <Input
            type="password"
            autoComplete="new-password"
            maxLength={300}
            {...form.register('token', tokenRequired ? { required: REQUIRED } : {})}
          />
        </Field>
        <Field
          label="Custom field"
          hint="Of IP addresses, type text, filter logic exact: our marks stand in it."
          error={errorOf('field')}
        >
          <Input
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            maxLength={50}
            {...form.register('field', { required: REQUIRED })}
          />
        </Field>
        <div className="sm:col-span-2">
          <CaField field={form.register('caPem', CA_RULES)} error={errorOf('caPem')} />
        </div>
      </div>
    </Card>
  )
}

/** Tries a connection and says in words what stands in the way. */
export function SourceCheck({
  ready,
  send,
}: {
  ready: () => Promise<boolean>
  send: (key: string) => Promise<IpSourceCheck>
}) {
  return (
    <ConnectionCheck
      ready={ready}
      send={send}
      hint="Shows whether the token may do what is needed, and whether the field is there."
    >
      {(found) => <SourceFound found={found} />}
    </ConnectionCheck>
  )
}

export function SourceFound({ found: { problems, version } }: { found: IpSourceCheck }) {
  if (problems.length === 0)
    return (
      <Notice tone="success">
        NetBox {version} can be used. That addresses may be deleted is seen when the first one is.
      </Notice>
    )
  return (
    <Notice tone="danger" title="NetBox cannot be used like that">
      <ul className="list-disc space-y-1 pl-4">
        {problems.map((problem) => (
          <li key={problem} className="break-words">
            {problem}
          </li>
        ))}
      </ul>
    </Notice>
  )
}
